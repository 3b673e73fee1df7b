"""How the rules are looked at, as whence.yaml sets it: symptoms often, the rest less so.

No result is no alert unless a rule says otherwise: rules that watch for silence ask in a way that always has
a result. A query that fails leaves the alert as it was: when Prometheus is away, every rule would say the
same, and the missing heartbeat says it once.
"""

from alerts.spec import Evaluation
from config import Config


def now(config: Config) -> Evaluation:
    """What users feel now. One more look after the first breach, so that a single bad moment stays silent."""
    fast = config.evaluation.fast
    return Evaluation(interval=fast, for_=10, keep_firing_for=20, missing_series_evals_to_resolve=3)


def soon(config: Config) -> Evaluation:
    """What is worth half a minute of certainty. It outlasts what follows from it."""
    return Evaluation(interval=config.evaluation.fast, for_=30, keep_firing_for=60)


def steady(config: Config) -> Evaluation:
    """Slow trouble: queries over minutes that neither flap nor hurry."""
    return Evaluation(interval=config.evaluation.slow, for_=120, keep_firing_for=0)


def lasting(config: Config) -> Evaluation:
    """What is normal for minutes and not for longer, such as a busy CPU."""
    return Evaluation(interval=config.evaluation.slow, for_=600, keep_firing_for=0)


def at_once(config: Config) -> Evaluation:
    """Queries whose windows are the patience."""
    return Evaluation(interval=config.evaluation.slow, for_=0, keep_firing_for=0)
