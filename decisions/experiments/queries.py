"""What is asked of Prometheus about an experiment, as counts since its start."""

from config.experiments import Experiment
from prometheus import queries as q
from prometheus.names import label, series
from telemetry import attributes as a
from telemetry import instruments as i

EVENTS, DURATION, USERS = map(series, (i.EXPERIMENT_EVENTS, i.EXPERIMENT_DURATION, i.EXPERIMENT_USERS))
VERSION, GROUP, SEGMENT, EVENT = map(label, (a.MODEL_VERSION, a.USER_GROUP, a.SEGMENT, a.EVENT))
SERVICE, INSTANCE = map(label, (a.SERVICE_NAME, a.SERVICE_INSTANCE_ID))
BY_GROUP = [VERSION, GROUP]


def count_queries(experiment: Experiment, seconds: int) -> dict[str, str]:
    """Events by version, group, segment and event; users by version and process; requests and seconds that
    they took by version and group."""
    where, window = _versions(experiment), f"{seconds}s"
    events = q.one_of(EVENT, sorted(_events(experiment)))
    summed = f"histogram_sum({q.each_rate(DURATION, *where, window=window)})"
    return {
        "events": _count(
            q.rate(EVENTS, *where, events, by=[*BY_GROUP, SEGMENT, EVENT], window=window), seconds
        ),
        "users": q.quantile_over(1, USERS, *where, by=[VERSION, INSTANCE], window=window),
        "requests": _count(q.observations(DURATION, *where, by=BY_GROUP, window=window), seconds),
        "seconds": _count(q.total(summed, DURATION, BY_GROUP), seconds),
    }


def quantile_query(service: str, version: str, quantile: float, seconds: int) -> str:
    """The quantile (0–1) of the seconds that answers of a service's version took."""
    return q.quantile(quantile, DURATION, *_version(service, version), window=f"{seconds}s")


def below_query(service: str, version: str, limit: float, seconds: int) -> str:
    """Answers of a service's version that took at most `limit` seconds, by group."""
    where, window = _version(service, version), f"{seconds}s"
    return _count(q.observations_below(limit, DURATION, *where, by=[GROUP], window=window), seconds)


def _events(experiment: Experiment) -> set[str]:
    return {name for metric in experiment.metrics if metric.per for name in (metric.of, metric.per)} | {
        "request"
    }


def _versions(experiment: Experiment) -> tuple[str, str]:
    versions = (variant.version for variant in experiment.variants)
    return q.equal(SERVICE, experiment.service), q.one_of(VERSION, versions)


def _version(service: str, version: str) -> tuple[str, str]:
    return q.equal(SERVICE, service), q.equal(VERSION, version)


def _count(rate: str, seconds: int) -> str:
    return f"{seconds} * {rate}"
