"""Service level indicators: what is measured, each as one query.

Alerts, panels, the report, the diagnosis and the inbox ask these, so that all of them show the same numbers.
`where` are matchers, `by` labels to keep, `window` a duration, as in `prometheus.queries`. Those of storage
and of recommendations are the recommender's; the others are of the service that `where` names.
"""

from collections.abc import Sequence

from prometheus import queries as q
from prometheus.names import series
from prometheus.series.external import PROCESS_CPU_TIME, PROCESS_UPTIME
from prometheus.services import requests as served
from telemetry import instruments as i
from telemetry.spans import SERVER

REQUESTS = series(i.RECOMMENDATION_REQUESTS)
HITS, LABELLED = series(i.RECOMMENDATION_HITS), series(i.RECOMMENDATION_LABELLED)
CLICKS, IMPRESSIONS = series(i.RECOMMENDATION_CLICKS), series(i.RECOMMENDATION_IMPRESSIONS)
THUMBS = series(i.RECOMMENDATION_THUMBS)
STORAGE, FIRST_BYTE = series(i.STORAGE_OPERATION_DURATION), series(i.STORAGE_OPERATION_FIRST_BYTE)
STAGES, AGES = series(i.RECOMMENDATION_DURATION), series(i.RECOMMENDATION_FEATURE_AGE)
LAG = series(i.EVENT_LOOP_LAG)

RECOMMENDER = f'service_name="{i.RECOMMENDATION_REQUESTS.service}"'
PERSONALISED = 'source="personalised"'
SEGMENT_MIX, TOP_SCORE = 'feature="segment_mix"', 'feature="top_score"'
FEATURES = 'feature!~"segment_mix|top_score"'
"""What the recommender's drift is told of: the users' segments, the scores ranked first, users' features."""

READ_OK, READ_FAILED = 'outcome="ok"', 'outcome!="ok"'
RESTARTS = "3m"
"""Window in which restarts are counted: one is a deployment, two of the same process are none."""
RECOMMENDATIONS = f'http_route="{SERVER.name.removeprefix("GET ")}"'
"""The recommender's requests for recommendations, beside feedback and its health."""


def storage_operations(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Storage operations per second."""
    return q.observations(STORAGE, RECOMMENDER, *where, by=by, window=window)


def storage_latency(quantile: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Seconds that storage operations take, failed ones included: a quantile (0–1)."""
    return q.quantile(quantile, STORAGE, RECOMMENDER, *where, by=by, window=window)


def storage_latency_mean_ms(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Milliseconds that storage operations take on average."""
    return q.average_ms(STORAGE, RECOMMENDER, *where, by=by, window=window)


def storage_late_share(deadline: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Share (0–1) of the storage operations that take longer than `deadline` seconds."""
    return q.share_above(deadline, STORAGE, RECOMMENDER, *where, by=by, window=window)


def storage_failed_share(by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Share (0–1) of the storage operations that fail or are given up.

    Counted from what went well: a series of errors begins with the first one, too late for a rate.
    """
    well, asked = storage_operations(READ_OK, by=by, window=window), storage_operations(by=by, window=window)
    return f"1 - ({q.or_zero(well, asked)}) / {asked}"


def storage_outcome_shares(by: Sequence[str], window: str = q.PANEL) -> str:
    """Each group's share (0–1) of the storage operations; the shares sum to 1."""
    part, whole = storage_operations(by=by, window=window), storage_operations(window=window)
    return f"{part} / on () group_left () {whole}"


def storage_first_byte(quantile: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Seconds until the first byte of an object arrives: a quantile (0–1)."""
    return q.quantile(quantile, FIRST_BYTE, RECOMMENDER, *where, by=by, window=window)


def storage_first_byte_mean_ms(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Milliseconds until the first byte of an object arrives, on average."""
    return q.average_ms(FIRST_BYTE, RECOMMENDER, *where, by=by, window=window)


def storage_transfer_ms(by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Milliseconds from the first byte of an object to its last, on average."""
    whole = storage_latency_mean_ms(READ_OK, by=by, window=window)
    return f"{whole} - {storage_first_byte_mean_ms(READ_OK, by=by, window=window)}"


def storage_active(*where: str, by: Sequence[str] = ()) -> str:
    """Storage operations under way."""
    return q.level(series(i.STORAGE_OPERATION_ACTIVE), RECOMMENDER, *where, by=by)


def storage_limit(*where: str, by: Sequence[str] = ()) -> str:
    """Storage operations that may be under way at once."""
    return q.level(series(i.STORAGE_OPERATION_LIMIT), RECOMMENDER, *where, by=by)


def storage_in_use(*where: str, by: Sequence[str] = ()) -> str:
    """Share (0–1) of the places for storage operations that are taken."""
    return f"{storage_active(*where, by=by)} / {storage_limit(*where, by=by)}"


def requests(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Requests served per second."""
    return served.count(*where, by=by, window=window)


def requests_failed(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Requests per second that are answered with a server error, where there are any."""
    return served.count(*where, failed=True, by=by, window=window)


def requests_slow(limit: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Requests per second that take longer than `limit` seconds."""
    return served.count_above(limit, *where, by=by, window=window)


def request_durations(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """The histogram of the seconds that requests take."""
    return served.distribution(*where, by=by, window=window)


def request_latency(quantile: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Seconds that requests take: a quantile (0–1)."""
    return f"histogram_quantile({quantile:g}, {request_durations(*where, by=by, window=window)})"


def requests_slow_share(limit: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Share (0–1) of the requests that take longer than `limit` seconds."""
    slow = requests_slow(limit, *where, by=by, window=window)
    return f"{slow} / {requests(*where, by=by, window=window)}"


def requests_failed_share(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Share (0–1) of the requests that are answered with a server error."""
    all_ = requests(*where, by=by, window=window)
    return f"({q.or_zero(requests_failed(*where, by=by, window=window), all_)}) / {all_}"


def answers(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Recommendations given per second."""
    return q.rate(REQUESTS, RECOMMENDER, *where, by=by, window=window)


def answers_share(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Share (0–1) of the recommendations for which `where` holds."""
    given = answers(by=by, window=window)
    return f"({q.or_zero(answers(*where, by=by, window=window), given)}) / {given}"


def answer_shares(*where: str, by: Sequence[str], window: str = q.PANEL) -> str:
    """Each group's share (0–1) of the recommendations; the shares sum to 1."""
    return q.share(REQUESTS, RECOMMENDER, *where, by=by, window=window)


def hit_rate(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Share (0–1) of the recommendations with a known label of which the user clicked an item."""
    hits = q.rate(HITS, RECOMMENDER, *where, by=by, window=window)
    return f"{hits} / {labelled(*where, by=by, window=window)}"


def labelled(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Recommendations whose label becomes known, per second."""
    return q.rate(LABELLED, RECOMMENDER, *where, by=by, window=window)


def click_through_rate(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Share (0–1) of the items shown that were clicked."""
    clicked, shown = (q.rate(of, RECOMMENDER, *where, by=by, window=window) for of in (CLICKS, IMPRESSIONS))
    return f"{clicked} / {shown}"


def thumbs(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Thumbs given per second."""
    return q.rate(THUMBS, RECOMMENDER, *where, by=by, window=window)


def stage_latency(quantile: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Seconds that a stage of a recommendation takes: a quantile (0–1)."""
    return q.quantile(quantile, STAGES, RECOMMENDER, *where, by=by, window=window)


def feature_age(quantile: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Seconds of age of the features used: a quantile (0–1)."""
    return q.quantile(quantile, AGES, RECOMMENDER, *where, by=by, window=window)


def schema_violations(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Values of features that break their schema, per second."""
    violations = series(i.RECOMMENDATION_SCHEMA_VIOLATIONS)
    return q.rate(violations, RECOMMENDER, *where, by=by, window=window)


def event_loop_lag(quantile: float, *where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Seconds that the event loop lags: a quantile (0–1)."""
    return q.quantile(quantile, LAG, *where, by=by, window=window)


def processor_use(*where: str, by: Sequence[str] = (), window: str = q.PANEL) -> str:
    """Processor cores that processes use."""
    return q.rate(PROCESS_CPU_TIME, *where, by=by, window=window)


def restarts(*where: str, by: Sequence[str] = ("service_name",)) -> str:
    """How often a process began anew within RESTARTS, the most of each group.

    Processes gain at most a second of uptime in each. More is gained where two share an identity, and the
    uptime falls from one's to the other's: that is no restart.
    """
    falls = q.falls_over(PROCESS_UPTIME, *where, window=RESTARTS)
    is_one = f"({q.gain_over(PROCESS_UPTIME, *where, window=RESTARTS)} <= bool 1)"
    return f"max by ({', '.join(by)}) ({falls} * {is_one})"
