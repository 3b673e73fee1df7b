"""Series names in Prometheus, derived from the instruments by the OTLP → Prometheus rules.

The rules are those of Prometheus' OTLP receiver with its default strategy, names escaped and suffixes added:
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

import re
from collections.abc import Iterable, Mapping

from prometheus.series import Form as Form
from prometheus.series import Series as Series
from prometheus.series.external import EXTERNAL
from prometheus.series.models import MODEL, OF_MODELS
from prometheus.series.recorded import RECORDED
from telemetry import attributes as a
from telemetry.instruments import INSTRUMENTS, Instrument, Kind

_UNITS = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "%": "percent", "1": ""}
_FORMS = {
    Kind.COUNTER: Form.COUNTER,
    Kind.UP_DOWN_COUNTER: Form.GAUGE,
    Kind.GAUGE: Form.GAUGE,
    Kind.HISTOGRAM: Form.NATIVE_HISTOGRAM,
}


def label(attribute: str) -> str:
    """The label an OpenTelemetry attribute becomes: `model.version` → `model_version`."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", attribute)


_TARGET_LABELS = frozenset({"job", "instance", *map(label, a.RESOURCE_ATTRIBUTES_PROMOTED)})


def series(instrument: Instrument) -> Series:
    """The series an instrument becomes. Raises ValueError for a unit whose suffix is not known here."""
    labels = _TARGET_LABELS.union(map(label, instrument.attributes))
    return Series(_name(instrument), _FORMS[instrument.kind], labels)


def _name(instrument: Instrument) -> str:
    words = re.split(r"[^a-zA-Z0-9:]+", instrument.name)
    unit = _unit_word(instrument)
    if unit and unit not in words:
        words.append(unit)
    if instrument.kind is Kind.COUNTER:
        words = [word for word in words if word != "total"] + ["total"]
    if instrument.kind is Kind.GAUGE and instrument.unit == "1":
        words = [word for word in words if word != "ratio"] + ["ratio"]
    return "_".join(words)


def _unit_word(instrument: Instrument) -> str:
    if re.fullmatch(r"\{[^{}]*\}", instrument.unit):
        return ""
    if instrument.unit not in _UNITS:
        raise ValueError(
            f"{instrument.name}: no Prometheus suffix known for unit {instrument.unit!r}; add it to _UNITS"
        )
    return _UNITS[instrument.unit]


_SPAN_LABELS = frozenset(
    {"job", "instance", "service_name", "span_name", "span_kind", "status_code", "collector_instance_id"}
)

SPAN_CALLS = Series("traces_span_metrics_calls_total", Form.COUNTER, _SPAN_LABELS)
SPAN_DURATION_BUCKET = Series(
    "traces_span_metrics_duration_milliseconds_bucket", Form.CLASSIC_HISTOGRAM, _SPAN_LABELS | {"le"}
)
SPAN_DURATION_SUM = Series("traces_span_metrics_duration_milliseconds_sum", Form.COUNTER, _SPAN_LABELS)
REQUEST_SPANS = Series(
    "traces_requests_duration_seconds",
    Form.NATIVE_HISTOGRAM,
    (_SPAN_LABELS - {"span_name"}).union(
        map(
            label,
            (
                a.HTTP_REQUEST_METHOD,
                a.HTTP_ROUTE,
                a.HTTP_RESPONSE_STATUS_CODE,
                a.ERROR_TYPE,
                *a.PEER,
                a.GEN_AI_REQUEST_MODEL,
                a.SHORTENED,
                a.SERVICE_VERSION,
            ),
        )
    ),
)
"""Spans without their names: served ones by what HTTP metrics are counted by, calls by their peer."""
REQUEST_CALLS = Series("traces_requests_calls_total", Form.COUNTER, REQUEST_SPANS.labels)
"""How many they are."""
TARGET_INFO = Series(
    "target_info",
    Form.GAUGE,
    _TARGET_LABELS.union(map(label, (a.MODEL_VERSION, a.DATASET_ID, a.DEPLOYMENT_ENVIRONMENT))),
)
ALERTS = Series(
    "ALERTS",
    Form.GAUGE,
    frozenset({"alertname", "alertstate", "severity", "component", "owner", *MODEL}),
)
ALERTS_FOR_STATE = Series("ALERTS_FOR_STATE", Form.GAUGE, ALERTS.labels - {"alertstate"})

_MADE_BY_THE_STACK = (
    SPAN_CALLS,
    SPAN_DURATION_BUCKET,
    SPAN_DURATION_SUM,
    REQUEST_SPANS,
    REQUEST_CALLS,
    TARGET_INFO,
    ALERTS,
    ALERTS_FOR_STATE,
)


def _index(all_series: Iterable[Series]) -> Mapping[str, Series]:
    known: dict[str, Series] = {}
    for entry in all_series:
        if entry.name in known:
            raise ValueError(f"two instruments would both be called {entry.name} in Prometheus; rename one")
        known[entry.name] = entry
    return known


REGISTRY: Mapping[str, Series] = _index(
    [*map(series, INSTRUMENTS), *_MADE_BY_THE_STACK, *EXTERNAL, *OF_MODELS, *RECORDED]
)
"""Every series that a query may name, by its name."""
