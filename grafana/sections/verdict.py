"""Where to look: the worst incident with its verdict or critical alert, else a suspect, else all well."""

from config import Config
from grafana import links
from grafana.options import GREEN, ORANGE, RED, Heading, Levels, Query, Size
from grafana.panels import Panel, name
from grafana.sections.recommender import storage
from grafana.shapes import Column, Sort, table
from prometheus import indicators as sli
from prometheus import names
from prometheus import queries as q
from prometheus.names import series
from prometheus.series import external as e
from telemetry import instruments

OPEN = series(instruments.INCIDENT_OPEN)
STORAGE_FAILED = 'reason=~"storage_.*"'
FIRING = 'alertstate="firing"'
CRITICAL = 'severity="critical"'
NO_VERDICT = 'alertname!="Incident Explained"'
INCIDENTS_ALIVE = f'service_name="{instruments.INCIDENT_OPEN.service}"'

OVERLOADED = 0.1
"""Seconds that the event loop may be late, 99th percentile, before all times measured in it mislead."""

OTHERWISE = "or on ()"
"""Between two vectors: the second only where the first is empty."""

WELL, SUSPECT, BAD = 0, 1, 2
INBOX = "."
"""The path of the page with all incidents, below its own address."""


def where_to_look(config: Config, size: Size) -> Panel:
    branches = [_incident(BAD, CRITICAL), _critical_alert(), _incident(SUSPECT), _suspects(config), _well()]
    return name(
        Heading(
            1,
            "Where to look",
            "The newest critical incident and its verdict; click it to open it. Without one: a critical "
            "alert, another incident, or what is suspect. Storage: over "
            f"{config.storage.deadline_misses:.0%} of answers had to do without it. The model: the hit rate "
            f"of its personalised answers is below {config.objectives.quality.kept:.0%} of that of the last "
            f"hour. Overload: the recommender's event loop is more than {OVERLOADED * 1000:.0f} ms late, "
            "which makes storage look slow, too. Unknown: there is no traffic, or the incidents service is "
            "silent. Good: All well.",
        ),
        Query(f" {OTHERWISE} ".join(branches), "{{look}}"),
        Levels(ORANGE, [(WELL, GREEN), (SUSPECT, ORANGE), (BAD, RED)]),
        filled=True,
        no_value="Unknown",
        data_links=[
            links.incident("Incident", config),
            links.dashboard("Quality and storage", links.QUALITY),
            links.dashboard("Model and data", links.MODEL_AND_DATA),
            links.dashboard("Object storage", links.OBJECT_STORAGE),
            links.dashboard("Service", links.SERVICE, service_name=storage.SERVICE),
        ],
        size=size,
    )


def verdicts(config: Config) -> Panel:
    """The open incidents, explained. Id 10."""
    labels = ["incident", "severity", "domain", "cause", "entity", "summary"]
    known = q.highest(e.INCIDENT_VERDICT, by=labels)
    nothing = 'label_replace(vector(1), "summary", "No open incident has a verdict.", "", "")'
    page = {"title": "Incident", "url": f"{config.urls.incidents}/incidents/${{__data.fields.incident}}"}
    return table(
        Heading(
            10,
            "Verdicts",
            "The verdicts on open incidents: where the trouble arose, why, and how sure the diagnosis is. "
            "Receivers get them as the alert Incident Explained. Good: none.",
        ),
        [Query(f"{known} {OTHERWISE} {nothing}")],
        [
            Column("incident", "Incident", data_links=[{**page, "targetBlank": True}], width=90),
            Column("severity", "Severity", states={"critical": RED, "warning": ORANGE}, width=90),
            Column("entity", "Where", width=180),
            Column("domain", "Domain", width=120),
            Column("cause", "Cause", width=170),
            Column("Value", "Sure", unit="percentunit", decimals=0, width=70),
            Column("summary", "What"),
        ],
        Sort("Incident", falling=True),
        size=Size(24, 4),
    )


def _incident(level: int, *where: str) -> str:
    newest = f"topk(1, {q.highest(OPEN, *where, by=['alert', 'severity', 'cause'])} > 0)"
    numbered = f'count_values by (alert, severity, cause) ("id", {newest})'
    labelled = f'label_join({numbered}, "look", ": ", "alert", "cause")'
    paged = f'label_replace({labelled}, "page", "incidents", "", "")'
    return f'{level} * label_join({paged}, "path", "/", "page", "id")'


def _critical_alert() -> str:
    one = f"topk(1, {q.highest(names.ALERTS, FIRING, CRITICAL, by=['alertname'])})"
    labelled = f'label_join({one}, "look", "", "alertname")'
    return f"{BAD} * {_at_inbox(labelled)}"


def _suspects(config: Config) -> str:
    suspects = {
        "Storage": _storage_fails(config),
        "The model": _model_is_worse(config),
        "Overload": _recommender_is_late(),
    }
    labelled = " or ".join(_label_look(who, f"group ({seen})") for who, seen in suspects.items())
    return f"{SUSPECT} * ({labelled})"


def _well() -> str:
    heard = f"{sli.answers(window='1m')} > 0 and on () {q.level(e.PROCESS_MEMORY, INCIDENTS_ALIVE)}"
    return f"{WELL} * {_label_look('All well', heard)}"


def _storage_fails(config: Config) -> str:
    return f"{sli.answers_share(STORAGE_FAILED, window='1m')} > {config.storage.deadline_misses:g}"


def _model_is_worse(config: Config) -> str:
    own, past = sli.hit_rate(sli.PERSONALISED, window="5m"), sli.hit_rate(sli.PERSONALISED, window="1h")
    return f"{own} < {config.objectives.quality.kept:g} * ({past})"


def _recommender_is_late() -> str:
    return f"{sli.event_loop_lag(0.99, sli.RECOMMENDER, window='1m')} > {OVERLOADED:g}"


def _label_look(what: str, expr: str) -> str:
    return _at_inbox(f'label_replace({expr}, "look", "{what}", "", "")')


def _at_inbox(expr: str) -> str:
    return f'label_replace({expr}, "path", "{INBOX}", "", "")'
