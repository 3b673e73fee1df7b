"""Who depends on whom, drawn and in tables, and the dependencies of one service."""

from grafana import links
from grafana.options import (
    BLUE,
    COUNT,
    NUMBER,
    ORANGE,
    RED,
    REQUEST_RATE,
    SECONDS,
    THIRD,
    Heading,
    Levels,
    Query,
    Size,
    Value,
)
from grafana.panels import Panel, row, stat, timeseries
from grafana.sections.service import SERVICE, TRACES
from grafana.shapes import FIELD, Column, Sort, node_graph, table
from prometheus import queries as q
from prometheus.series import Series
from prometheus.series.recorded import (
    CALLS,
    CALLS_FAILED,
    CALLS_P95,
    ENTITY_FAILED,
    ENTITY_P95,
    ENTITY_REQUESTS,
)

ENTITY, CALL, CALLEE = ("entity", "kind"), ("service_name", "callee", "kind"), ("callee", "kind")
FAILING = [(0.001, ORANGE), (0.01, RED)]
FAILED = Value("percentunit", decimals=2)
NOBODY = "none"
"""The line of a service without dependencies."""


def numbers() -> list[Panel]:
    """How large the map is, and how much of it is red. Ids 1–5."""
    failed = f"sum ({q.level(CALLS, by=CALL)} * {q.level(CALLS_FAILED, by=CALL)}) / {q.level(CALLS)}"
    services = q.select(ENTITY_REQUESTS, 'kind="service"')
    return [
        _number(1, "Services", "Services that send spans. Good: all of yours.", f"count ({services})"),
        _number(
            2,
            "Dependencies",
            "Pairs of a service and one that it calls, over 5 minutes. Good: those that you know of.",
            f"count ({q.select(CALLS)})",
        ),
        stat(
            Heading(3, "Calls", "Calls between services and to what they depend on. Good: as usual."),
            Query(q.level(CALLS)),
            REQUEST_RATE,
            Levels(BLUE),
        ),
        stat(
            Heading(4, "Failed calls", "Share of these calls that fail, over 1 minute. Good: 0%."),
            Query(q.known(failed)),
            FAILED,
            Levels(steps=FAILING),
        ),
        stat(
            Heading(
                5,
                "Failing dependencies",
                "Dependencies of which more than 1 in 100 calls fail. Good: 0; the table names them.",
            ),
            Query(q.or_zero(f"count ({q.select(CALLS_FAILED)} > 0.01)")),
            COUNT,
            Levels(steps=[(1, RED)]),
            size=Size(8, 4),
        ),
    ]


def drawn() -> list[Panel]:
    """The map, and what is on it as a table. Ids 11 and 12."""
    return [graph(), entities()]


def graph() -> Panel:
    return node_graph(
        Heading(
            11,
            "Who calls whom",
            "Services and what they call; in a circle requests per second and the share that fails, on an "
            "arrow those that its caller sees. The ring is green as far as requests succeed. Click for the "
            "95th percentile. A service that is called by an address instead of its name is drawn twice. "
            "Good: all rings green, and nobody missing.",
        ),
        Query(_nodes()),
        Query(_edges()),
        main="req/s",
        secondary="% failed",
        data_links=[_service("id")],
        size=Size(14, 17),
    )


def entities() -> Panel:
    return table(
        Heading(
            12,
            "Services and what they call",
            "As in the map: services as they count their own requests, the rest as their callers see it, "
            "over 1 minute. Good: nothing in red; click a service for its dashboard.",
        ),
        [Query(q.level(of, by=ENTITY)) for of in (ENTITY_REQUESTS, ENTITY_FAILED, ENTITY_P95)],
        [
            Column("entity", "Name", data_links=[_service("entity")]),
            Column("kind", "Kind", width=90),
            *_RED_COLUMNS,
        ],
        Sort("Failed", falling=True),
        size=Size(10, 17),
    )


def dependencies() -> Panel:
    """Every edge of the map. Id 21."""
    return table(
        Heading(
            21,
            "Dependencies by caller",
            "Calls of each service to each of its dependencies, as the caller sees them, over 1 minute. "
            "Good: nothing in red; click a service for its dashboard.",
        ),
        [Query(q.level(of, by=CALL)) for of in (CALLS, CALLS_FAILED, CALLS_P95)],
        [
            Column("service_name", "Caller", data_links=[_service("service_name")]),
            Column("callee", "Calls", data_links=[_service("callee")]),
            Column("kind", "Kind", width=90),
            *_RED_COLUMNS,
        ],
        Sort("Caller"),
        size=Size(24, 10),
    )


def of_service() -> list[Panel]:
    """The dependencies of one service: a line for each, in a table and over time. Ids 40–44."""
    return [
        row(40, "Dependencies: what the service waits for"),
        own_dependencies(),
        _over_time(
            42,
            "Calls by dependency",
            "Calls per second. Good: in step with the requests; a rise without one is retries or a cold "
            "cache.",
            CALLS,
            REQUEST_RATE,
        ),
        _over_time(
            43, "Failed share by dependency", "Share of the calls that fail. Good: 0%.", CALLS_FAILED, FAILED
        ),
        _over_time(
            44,
            "Duration by dependency, p95",
            "95th percentile of the calls, as the service sees them. Good: flat; the one that rises with "
            "the service's own duration is its cause.",
            CALLS_P95,
            SECONDS,
        ),
    ]


def own_dependencies() -> Panel:
    red = [q.level(of, SERVICE.matcher, by=CALLEE) for of in (CALLS, CALLS_FAILED, CALLS_P95)]
    return table(
        Heading(
            41,
            "What it calls",
            "Each dependency of the service, over 1 minute, as the service sees it. Good: nothing in red; "
            "click one for its dashboard if it is a service. None: no span of a call within 5 minutes.",
        ),
        [Query(_or_nobody(red[0])), *map(Query, red[1:])],
        [
            Column("callee", "Dependency", data_links=[_service("callee")]),
            Column("kind", "Kind", width=90),
            *_RED_COLUMNS,
        ],
        Sort("Requests", falling=True),
        size=Size(24, 6),
    )


_RED_COLUMNS = (
    Column("Value #A", "Requests", unit="reqps", decimals=1, width=100),
    Column("Value #B", "Failed", unit="percentunit", decimals=2, steps=FAILING, width=90),
    Column("Value #C", "p95", unit="s", decimals=0, width=90),
)


def _number(id: int, title: str, description: str, expr: str) -> Panel:
    return stat(Heading(id, title, description), Query(expr), COUNT, Levels(BLUE), size=NUMBER)


def _over_time(id: int, title: str, description: str, of: Series, value: Value) -> Panel:
    return timeseries(
        Heading(id, title, description),
        [Query(_or_nobody(q.level(of, SERVICE.matcher, by=["callee"])), "{{callee}}")],
        value,
        data_links=[TRACES],
        size=THIRD,
    )


def _or_nobody(expr: str) -> str:
    """A service that calls nobody is no panel without data."""
    return f'{expr} or on () label_replace(vector(0), "callee", "{NOBODY}", "", "")'


def _service(label: str) -> links.Link:
    return links.dashboard("Service", links.SERVICE, service_name=f"${{__data.fields.{label}}}")


def _nodes() -> str:
    rate, share, p95 = (q.level(of, by=ENTITY) for of in (ENTITY_REQUESTS, ENTITY_FAILED, ENTITY_P95))
    nodes = _fields(rate, share, p95, arc__success=f"1 - {share}", arc__failed=share)
    return _named(nodes, id="entity", title="entity", subtitle="kind")


def _edges() -> str:
    edges = _fields(*(q.level(of, by=CALL) for of in (CALLS, CALLS_FAILED, CALLS_P95)))
    identified = f'label_join({edges}, "id", " → ", "service_name", "callee")'
    return _named(identified, source="service_name", target="callee")


def _fields(rate: str, share: str, p95: str, **others: str) -> str:
    """The values of a node graph, each under the name of its field."""
    fields = {"mainstat": rate, "secondarystat": f"100 * {share}", **others}
    fields |= {"detail__p95_ms": f"round(1000 * {p95}, 0.1)"}
    named = (f'label_replace({expr}, "{FIELD}", "{name}", "", "")' for name, expr in fields.items())
    return " or ".join(named)


def _named(expr: str, **labels: str) -> str:
    """The same series with these labels, copied from their own."""
    for label, source in labels.items():
        expr = f'label_replace({expr}, "{label}", "$1", "{source}", "(.*)")'
    return expr
