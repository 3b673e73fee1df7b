"""Every instrument the services create, declared once; Prometheus names are derived from it."""

from dataclasses import dataclass
from enum import StrEnum

from telemetry import attributes as a


class Kind(StrEnum):
    """OpenTelemetry instrument kinds in use."""

    COUNTER = "counter"
    UP_DOWN_COUNTER = "up_down_counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True)
class Instrument:
    """One instrument: `name` and `attributes` as OpenTelemetry names, `unit` in UCUM."""

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...] = ()
    service: str = "recommender"


_REQUEST = (a.SOURCE, a.MODEL_VERSION, a.SEGMENT)

STORAGE_OPERATION_DURATION = Instrument(
    "storage.operation.duration",
    Kind.HISTOGRAM,
    "s",
    "True duration of an object storage operation, also when the request stopped waiting for it.",
    (a.OPERATION, a.OUTCOME, a.ERROR_TYPE),
)
STORAGE_OPERATION_FIRST_BYTE = Instrument(
    "storage.operation.first_byte",
    Kind.HISTOGRAM,
    "s",
    "Time until an object storage operation's answer began to arrive.",
    (a.OPERATION, a.OUTCOME, a.ERROR_TYPE),
)
STORAGE_TRANSFER_SIZE = Instrument(
    "storage.transfer.size", Kind.COUNTER, "By", "Bytes read from object storage.", (a.OPERATION,)
)
STORAGE_OPERATION_ACTIVE = Instrument(
    "storage.operation.active",
    Kind.UP_DOWN_COUNTER,
    "{operation}",
    "Object storage operations under way.",
    (a.OPERATION,),
)
STORAGE_OPERATION_LIMIT = Instrument(
    "storage.operation.limit",
    Kind.GAUGE,
    "{operation}",
    "Object storage operations that may be under way at once; more are refused.",
    (a.OPERATION,),
)
RECOMMENDATION_REQUESTS = Instrument(
    "recommendation.requests",
    Kind.COUNTER,
    "{request}",
    "Recommendations served, by where the answer came from and why.",
    (a.SOURCE, a.REASON, a.MODEL_VERSION, a.SEGMENT),
)
RECOMMENDATION_DURATION = Instrument(
    "recommendation.duration",
    Kind.HISTOGRAM,
    "s",
    "Time spent in a stage of the inference pipeline, by the version that answered.",
    (a.STAGE, a.MODEL_VERSION),
)
RECOMMENDATION_IMPRESSIONS = Instrument(
    "recommendation.impressions", Kind.COUNTER, "{item}", "Items shown to users.", _REQUEST
)
RECOMMENDATION_CLICKS = Instrument(
    "recommendation.clicks", Kind.COUNTER, "{item}", "Shown items that users clicked.", _REQUEST
)
RECOMMENDATION_THUMBS = Instrument(
    "recommendation.thumbs",
    Kind.COUNTER,
    "{item}",
    "Shown items that users rated with a thumb up or down.",
    (*_REQUEST, a.DIRECTION),
)
RECOMMENDATION_LABELLED = Instrument(
    "recommendation.labelled",
    Kind.COUNTER,
    "{request}",
    "Requests whose attribution window has closed, so that their label is known.",
    _REQUEST,
)
RECOMMENDATION_HITS = Instrument(
    "recommendation.hits",
    Kind.COUNTER,
    "{request}",
    "Labelled requests in which the user clicked at least one of the k items.",
    _REQUEST,
)
RECOMMENDATION_FEATURE_AGE = Instrument(
    "recommendation.feature.age",
    Kind.HISTOGRAM,
    "s",
    "Time since the feature used for an answer was computed.",
    (a.FEATURE,),
)
RECOMMENDATION_FEATURE_MISSING = Instrument(
    "recommendation.feature.missing",
    Kind.COUNTER,
    "{feature}",
    "Features a request should have had and was served without.",
    (a.FEATURE,),
)
RECOMMENDATION_SCHEMA_VIOLATIONS = Instrument(
    "recommendation.schema.violations",
    Kind.COUNTER,
    "{violation}",
    "Features that broke their schema, by what was wrong.",
    (a.FEATURE, a.KIND),
)
RECOMMENDATION_MODEL_INFO = Instrument(
    "recommendation.model.info",
    Kind.GAUGE,
    "{model}",
    "Always 1; its attributes describe the live model.",
    (a.MODEL_VERSION, a.DATASET_ID, a.TRAINED_AT),
)
RECOMMENDATION_STORE_FAILURES = Instrument(
    "recommendation.store.failures",
    Kind.COUNTER,
    "{failure}",
    "Failed uses of the workers' common store, and answers and feedback that were `dropped` for that.",
    (a.ERROR_TYPE,),
)
RECOMMENDATION_WORKER_DEATHS = Instrument(
    "recommendation.worker.deaths",
    Kind.COUNTER,
    "{worker}",
    "Workers that were killed and replaced; each takes up to 5 seconds of its counts with it.",
)
EXPERIMENT_EVENTS = Instrument(
    "experiment.events",
    Kind.COUNTER,
    "{event}",
    "What users who are split between versions saw and did, by groups of them that a hash makes.",
    (a.MODEL_VERSION, a.USER_GROUP, a.SEGMENT, a.EVENT),
)
EXPERIMENT_DURATION = Instrument(
    "experiment.duration",
    Kind.HISTOGRAM,
    "s",
    "Time that an answer takes, of users who are split between versions, by groups of them.",
    (a.MODEL_VERSION, a.USER_GROUP),
)
EXPERIMENT_USERS = Instrument(
    "experiment.users",
    Kind.GAUGE,
    "{user}",
    "Users that a process has answered since they are split as they are now; it counts 200,000 at most.",
    (a.MODEL_VERSION,),
)
_COMPARED = (a.MODEL_VERSION, a.SHADOW_MODEL_VERSION, a.SEGMENT)
SHADOW_REQUESTS = Instrument(
    "shadow.requests",
    Kind.COUNTER,
    "{request}",
    "Requests that the version in the shadow was to answer too, by what became of that.",
    (a.SHADOW_MODEL_VERSION, a.OUTCOME),
)
SHADOW_AGREEMENT = Instrument(
    "shadow.agreement",
    Kind.HISTOGRAM,
    "1",
    "Share of the items that both versions chose for the same request (agreement@k).",
    _COMPARED,
)
SHADOW_RANK_BIASED_OVERLAP = Instrument(
    "shadow.rank_biased_overlap",
    Kind.HISTOGRAM,
    "1",
    "Rank-biased overlap of what both versions chose for the same request: 1 is the same items in order.",
    _COMPARED,
)
SHADOW_CPU_TIME = Instrument(
    "shadow.cpu.time",
    Kind.COUNTER,
    "s",
    "Processor time that answers in the shadow took.",
    (a.SHADOW_MODEL_VERSION,),
)
HTTP_SERVER_REQUEST_DURATION = Instrument(
    "http.server.request.duration",
    Kind.HISTOGRAM,
    "s",
    "Duration of HTTP server requests.",
    (a.HTTP_REQUEST_METHOD, a.HTTP_ROUTE, a.HTTP_RESPONSE_STATUS_CODE, a.URL_SCHEME, a.ERROR_TYPE),
)
EVENT_LOOP_LAG = Instrument(
    "event_loop.lag",
    Kind.HISTOGRAM,
    "s",
    "How late the event loop runs what is due; looked at 4 times a second.",
)
THREAD_POOL_ACTIVE = Instrument(
    "thread_pool.active", Kind.GAUGE, "{thread}", "Worker threads at work.", (a.POOL,)
)
THREAD_POOL_LIMIT = Instrument(
    "thread_pool.limit", Kind.GAUGE, "{thread}", "Worker threads there may be; more work waits.", (a.POOL,)
)
INCIDENT_OPEN = Instrument(
    "incident.open",
    Kind.GAUGE,
    "{incident}",
    "The number of the newest open incident with that alert and verdict; 0 when it is over.",
    (a.ALERT, a.SEVERITY, a.DOMAIN, a.CAUSE),
    service="incidents",
)
INCIDENT_STARTED = Instrument(
    "incident.started",
    Kind.GAUGE,
    "s",
    "Unix time at which that incident began; 0 when it is over.",
    (a.ALERT, a.SEVERITY, a.DOMAIN, a.CAUSE),
    service="incidents",
)
INCIDENT_REFUSALS = Instrument(
    "incident.refusals",
    Kind.COUNTER,
    "{alert}",
    "Refused parts of webhooks: alerts (`alert`, `too_many`) and bodies (`body`, `too_large`).",
    (a.REASON,),
    service="incidents",
)
INGEST_POINTS_STORED = Instrument(
    "ingest.points.stored", Kind.COUNTER, "{point}", "Metric points that Prometheus stored.", service="ingest"
)
INGEST_POINTS_REFUSED = Instrument(
    "ingest.points.refused",
    Kind.COUNTER,
    "{point}",
    "Metric points of a service that are not stored, by what is wrong with them.",
    (a.SENDER, a.REASON),
    service="ingest",
)
INGEST_POINTS_REPAIRED = Instrument(
    "ingest.points.repaired",
    Kind.COUNTER,
    "{point}",
    "What was mended in metric points of a service before they were stored.",
    (a.SENDER, a.REASON),
    service="ingest",
)
INGEST_COLLISIONS = Instrument(
    "ingest.collisions",
    Kind.COUNTER,
    "{point}",
    "Metric points that show that two processes of a service send the same series.",
    (a.SENDER,),
    service="ingest",
)
INGEST_HEARD = Instrument(
    "ingest.heard",
    Kind.GAUGE,
    "s",
    "Unix time at which metric points of a service last came; not those that the collector makes of spans.",
    (a.SENDER,),
    service="ingest",
)
INGEST_POINTS_AGE = Instrument(
    "ingest.points.age",
    Kind.GAUGE,
    "s",
    "Age of the newest of a process when it came; below 0 where its clock is ahead.",
    (a.SENDER, a.SENDER_INSTANCE),
    service="ingest",
)
INGEST_SERIES = Instrument(
    "ingest.series",
    Kind.GAUGE,
    "{series}",
    "Series of a service in the last one to two hours.",
    (a.SENDER,),
    service="ingest",
)
INGEST_SERIES_REFUSED = Instrument(
    "ingest.series.refused",
    Kind.COUNTER,
    "{point}",
    "Points of series above a service's limit, by its largest metric and the attribute that makes most.",
    (a.SENDER, a.METRIC, a.ATTRIBUTE),
    service="ingest",
)
INGEST_REQUESTS = Instrument(
    "ingest.requests",
    Kind.COUNTER,
    "{request}",
    "Requests to Prometheus, by what it made of them.",
    (a.OUTCOME,),
    service="ingest",
)

INSTRUMENTS: tuple[Instrument, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Instrument))

SERVICES = frozenset(instrument.service for instrument in INSTRUMENTS)
"""The services of the stack itself."""
