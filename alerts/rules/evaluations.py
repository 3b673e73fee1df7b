"""How rules are evaluated, as whence.yaml sets it: symptoms often, the rest less often.

No result is no alert unless a rule says otherwise: queries that watch for missing data always have a result.
A query that fails leaves the alert as it was: when Prometheus is down, the missing heartbeat reports it once
instead of every rule.
"""

from alerts.spec import Evaluation
from config import Config

SHORT = "90s"
"""The short window of `steady` alerts: longer than the minute between two heartbeats and between evaluations
of the rarest rules, and with 20 s of trouble shorter than the wait of two minutes."""


def now(config: Config) -> Evaluation:
    """User impact now. A second evaluation has to confirm the breach, so that one outlier does not alert."""
    fast = config.evaluation.fast
    return Evaluation(interval=fast, for_=10, keep_firing_for=20, missing_series_evals_to_resolve=3)


def soon(config: Config) -> Evaluation:
    """A breach of 30 seconds. It is kept for a minute, longer than the alerts that follow from it."""
    return Evaluation(interval=config.evaluation.fast, for_=30, keep_firing_for=60)


def steady(config: Config) -> Evaluation:
    """Slow changes: queries over minutes, a breach of two minutes."""
    return Evaluation(interval=config.evaluation.slow, for_=120, keep_firing_for=0)


def lasting(config: Config) -> Evaluation:
    """What is normal for minutes but not for longer, such as a busy CPU."""
    return Evaluation(interval=config.evaluation.slow, for_=600, keep_firing_for=0)


def at_once(config: Config) -> Evaluation:
    """Queries whose windows are long enough to need no further wait."""
    return Evaluation(interval=config.evaluation.slow, for_=0, keep_firing_for=0)
