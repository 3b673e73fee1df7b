"""What the map is drawn from: who depends on whom, named as the diagnosis names them, and how that goes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config import Config
from diagnosis.topology.reading import Directory
from grafana.dashboards import build_all
from prometheus.recording import render_recording
from tests.rules.promtool import Groups, gauge, histogram, run_promtool
from tests.rules.scenarios.scenario import Series


def render(config: Config) -> Groups:
    return [g for g in render_recording(config)["groups"] if g["name"] in ("signals", "topology")]


RULES = render(Config())
DECLARED = render(Config.model_validate({"topology": {"calls": {"billing": ["pricing"]}}}))
SECONDS, AT = 900, 860

WELL, FAILED = "STATUS_CODE_UNSET", "STATUS_CODE_ERROR"
SERVICES = frozenset({"gateway", "pricing", "stock"})

PEERS: Mapping[str, dict[str, str]] = {
    "a service by its name": {"peer_service": "pricing", "server_address": "10.0.0.7"},
    "a service by its host": {"server_address": "pricing", "server_port": "8080"},
    "a service by its host in a domain": {"server_address": "stock.shop.svc", "server_port": "80"},
    "a database": {"db_system_name": "postgresql", "server_address": "db", "server_port": "5432"},
    "a cache without a port": {"db_system_name": "valkey", "server_address": "cache"},
    "a database of which only the product is told": {"db_system_name": "mysql"},
    "a port without a host": {"db_system_name": "mariadb", "server_port": "3306"},
    "object storage": {"rpc_service": "S3", "server_address": "s3.example", "server_port": "443"},
    "a queue of AWS": {"rpc_service": "SQS"},
    "a database of AWS": {"rpc_service": "DynamoDB"},
    "a queue": {"messaging_system": "kafka", "server_address": "kafka", "server_port": "9092"},
    "a model": {"gen_ai_provider_name": "openai", "server_address": "api.example", "rpc_service": "S3"},
    "another name": {"peer_service": "ledger"},
    "a name and an address": {"peer_service": "ledger", "server_address": "10.0.0.9", "server_port": "80"},
    "a database with a name": {
        "db_system_name": "mysql",
        "peer_service": "orders",
        "server_address": "10.0.0.9",
    },
    "a service by its address": {"server_address": "10.0.0.8", "server_port": "8080"},
    "a service by its host's address": {"server_address": "10.0.1.8"},
    "a service by its address before its host": {"server_address": "pricing", "server_port": "8081"},
    "a service by its name before its address": {
        "peer_service": "pricing",
        "server_address": "10.0.0.8",
        "server_port": "8080",
    },
    "an address of a service that is gone": {"server_address": "10.0.0.9", "server_port": "81"},
    "another port of its host": {"server_address": "10.0.0.8", "server_port": "81"},
    "an address": {"server_address": "10.0.0.9", "server_port": "8080"},
    "an address of IPv6": {"server_address": "::1", "server_port": "8080"},
    "nothing": {},
}


def spans(service: str, kind: str, status: str = WELL, **labels: str) -> str:
    of = {"service_name": service, "span_kind": f"SPAN_KIND_{kind}", "status_code": status, **labels}
    matchers = ", ".join(f'{label}="{value}"' for label, value in of.items())
    return f"traces_requests_duration_seconds{{{matchers}}}"


def per_second(count: int, seconds: float = 0.02) -> str:
    return histogram((SECONDS, {seconds: 10 * count}))


def ask(folder: Path, series: Series, expected: Mapping[str, float | None], groups: Groups = RULES) -> None:
    """Checks the one sample of each query at the end, to 1 in 10; None is no sample."""
    asked = []
    for query, value in expected.items():
        samples: list[dict[str, Any]] = [] if value is None else [{"labels": "{}", "value": 1}]
        close = f"abs(sum({query}) - {value or 0}) <= bool {0.1 * abs(value or 0) + 1e-9:g}"
        asked.append({"expr": close, "eval_time": f"{AT}s", "exp_samples": samples})
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    run_promtool(folder, [{"interval": "10s", "input_series": inputs, "promql_expr_test": asked}], groups, 10)


@pytest.fixture
def shop() -> dict[str, str]:
    """The gateway serves 20/s and calls pricing, which fails 1 in 10 and calls a database."""
    return {
        spans("gateway", "SERVER"): per_second(20),
        spans("gateway", "CLIENT", server_address="pricing"): per_second(9, 0.2),
        spans("gateway", "CLIENT", FAILED, server_address="pricing"): per_second(1, 0.2),
        spans("pricing", "SERVER"): per_second(9, 0.1),
        spans("pricing", "SERVER", FAILED): per_second(1, 0.1),
        spans("pricing", "CLIENT", **PEERS["a database"]): per_second(30, 0.05),
    }


ADDRESSES = {"10.0.0.8:8080": "stock", "10.0.1.8": "stock", "pricing:8081": "stock", "10.0.0.9:81": "gone"}


def learned(addresses: Mapping[str, str], inbox: str = "inbox") -> dict[str, str]:
    """What an inbox tells of who answers where."""
    series = f'dependency_address_info{{instance="{inbox}", address="%s", callee="%s"}}'
    return {series % each: gauge((SECONDS, 1)) for each in addresses.items()}


@pytest.mark.parametrize("peer", PEERS)
def test_callees_are_named_as_the_diagnosis_names_them(peer: str, tmp_path: Path) -> None:
    labels = PEERS[peer]
    kind, name = Directory(SERVICES, ADDRESSES).callee(labels)
    series = {spans(each, "SERVER"): per_second(1) for each in SERVICES} | learned(ADDRESSES)
    series[spans("gateway", "CLIENT", **labels)] = per_second(5)
    named = f'{{service_name="gateway", callee="{name}", kind="{kind}"}}'
    ask(tmp_path, series, {f"dependency:calls:rate1m{named}": 5, "dependency:calls:rate1m": 5})


def test_a_call_that_is_declared_is_on_the_map(tmp_path: Path) -> None:
    declared = '{service_name="billing", callee="pricing", kind="service"}'
    series = {spans("pricing", "SERVER"): per_second(1)}
    ask(tmp_path, series, {f"count(dependency:calls:rate1m{declared})": 1}, DECLARED)


def test_a_call_has_rate_failures_and_duration(shop: dict[str, str], tmp_path: Path) -> None:
    priced = '{service_name="gateway", callee="pricing", kind="service"}'
    stored = '{service_name="pricing", callee="postgresql@db:5432", kind="database"}'
    seen: dict[str, float | None] = {
        f"dependency:calls:rate1m{priced}": 10,
        f"dependency:calls_failed:ratio1m{priced}": 0.1,
        f"dependency:calls_duration_seconds:p95_1m{priced}": 0.2,
        f"dependency:calls:rate1m{stored}": 30,
        f"dependency:calls_failed:ratio1m{stored}": 0,
        "count(dependency:calls:rate1m)": 2,
    }
    ask(tmp_path, shop, seen)


def test_a_service_tells_of_itself_and_the_rest_is_seen_by_its_callers(
    shop: dict[str, str], tmp_path: Path
) -> None:
    pricing, database = '{entity="pricing", kind="service"}', '{entity="postgresql@db:5432", kind="database"}'
    seen: dict[str, float | None] = {
        f"entity:requests:rate1m{pricing}": 10,
        f"entity:requests_failed:ratio1m{pricing}": 0.1,
        f"entity:requests_duration_seconds:p95_1m{pricing}": 0.1,
        f"entity:requests:rate1m{database}": 30,
        f"entity:requests_failed:ratio1m{database}": 0,
        f"entity:requests_duration_seconds:p95_1m{database}": 0.05,
        "count(entity:requests:rate1m)": 3,
    }
    ask(tmp_path, shop, seen)


def test_both_ends_of_every_call_are_entities(shop: dict[str, str], tmp_path: Path) -> None:
    """Grafana's node graph fails on an edge without its nodes; a user only calls."""
    shop |= {spans("users", "CLIENT", server_address="gateway"): per_second(20)}
    called = 'label_replace(dependency:calls:rate1m, "entity", "$1", "%s", "(.+)")'
    missing = f"count({called} unless on (entity) entity:requests:rate1m)"
    seen: dict[str, float | None] = {missing % end: None for end in ("service_name", "callee")}
    ask(tmp_path, shop, seen | {'entity:requests:rate1m{entity="users", kind="service"}': 0})


def drawn() -> tuple[str, str]:
    """The queries of the map: its nodes and its edges."""
    panels = build_all(Config())["map.json"]["panels"]
    (graph,) = [panel for panel in panels if panel["type"] == "nodeGraph"]
    nodes, edges = (target["expr"] for target in graph["targets"])
    return nodes, edges


def test_the_map_has_a_value_of_every_field_for_every_node_and_edge(
    shop: dict[str, str], tmp_path: Path
) -> None:
    nodes, edges = drawn()
    stats = ("mainstat", "secondarystat", "detail__p95_ms")
    seen: dict[str, float | None] = {f"count(({edges}) == ({edges}))": 2 * len(stats)}
    seen |= {
        f'count(({nodes}) and on (stat) label_replace(vector(1), "stat", "{s}", "", ""))': 3 for s in stats
    }
    pricing = "on (id, title, subtitle, stat) label_replace(label_replace(label_replace(label_replace("
    pricing += (
        'vector(1), "id", "pricing", "", ""), "title", "pricing", "", ""), "subtitle", "service", "", "")'
    )
    for field, value in (
        ("mainstat", 10),
        ("secondarystat", 10),
        ("arc__failed", 0.1),
        ("arc__success", 0.9),
    ):
        seen[f'({nodes}) and {pricing}, "stat", "{field}", "", "")'] = value
    ask(tmp_path, shop, seen)


def test_every_edge_of_the_map_ends_at_its_nodes(shop: dict[str, str], tmp_path: Path) -> None:
    nodes, edges = drawn()
    shop |= {spans("users", "CLIENT", server_address="gateway"): per_second(20)}
    copied = 'label_replace((%s), "id", "$1", "%s", "(.*)")'
    ends = [f"count({copied % (edges, end)} unless on (id) ({nodes}))" for end in ("source", "target")]
    ask(tmp_path, shop, dict.fromkeys(ends))


def test_several_peers_that_are_one_callee_are_added_up(tmp_path: Path) -> None:
    series = {
        spans("gateway", "CLIENT", server_address="pricing"): per_second(4),
        spans("gateway", "CLIENT", peer_service="pricing"): per_second(6),
        spans("stock", "CLIENT", server_address="pricing.shop"): per_second(2),
        spans("pricing", "CLIENT", db_system_name="mysql"): per_second(1),
    }
    calls = 'dependency:calls:rate1m{service_name="gateway", callee="pricing"}'
    ask(tmp_path, series, {calls: 10, 'entity:requests:rate1m{entity="pricing"}': 12})


def test_a_service_that_is_called_by_its_address_is_drawn_once(tmp_path: Path) -> None:
    """Also while inboxes do not agree on whose an address is."""
    series = {
        spans("gateway", "CLIENT", server_address="10.0.0.8", server_port="8080"): per_second(5),
        spans("stock", "CLIENT", server_address="10.0.0.8", server_port="8080"): per_second(1),
        spans("stock", "SERVER"): per_second(5),
        **learned({"10.0.0.8:8080": "stock"}, "inbox-1"),
        **learned({"10.0.0.8:8080": "stock", "10.0.0.9:80": "pricing"}, "inbox-2"),
        **learned({"10.0.0.9:80": "stock"}, "inbox-3"),
    }
    seen: dict[str, float | None] = {
        "count(entity:requests:rate1m)": 2,
        "count(dependency:calls:rate1m)": 1,
        'dependency:calls:rate1m{service_name="gateway", callee="stock"}': 5,
    }
    ask(tmp_path, series, seen)


def test_nobody_depends_on_himself(tmp_path: Path) -> None:
    ask(
        tmp_path,
        {spans("gateway", "CLIENT", peer_service="gateway"): per_second(5)},
        {"dependency:calls:rate1m": None},
    )


def test_what_is_no_longer_called_is_shown_for_five_minutes(tmp_path: Path) -> None:
    called = spans("gateway", "CLIENT", server_address="pricing")
    for silent, rate in ((120, 0.0), (500, None)):
        series = {called: histogram((SECONDS - silent, {0.02: 50}), (silent, {}))}
        ask(tmp_path, series, {"dependency:calls:rate1m": rate})
