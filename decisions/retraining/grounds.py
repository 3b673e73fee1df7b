"""What each cause means for retraining: whether a model that learns from what came since would be better."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from diagnosis.verdict.verdict import Domain, Verdict

Code = Literal[
    "retrain",
    "nothing-wrong",
    "not-the-model",
    "version-at-fault",
    "broken-data",
    "unclear-data",
    "quality-unknown",
    "not-understood",
    "unsure",
    "too-little-to-gain",
    "too-little-data",
    "under-way",
    "cooling-down",
    "budget-spent",
]
"""Why the answer is what it is, for programs."""


class Ground(NamedTuple):
    """What follows from a cause; `says` is the sentence for people."""

    code: Code
    says: str


RETRAIN = Ground("retrain", "The model no longer fits what it predicts.")
DRIFTED = Ground("retrain", "The model was trained for others than those who come now.")
ROLL_BACK = Ground(
    "version-at-fault",
    "A version is at fault: roll it back. What it was trained from must be understood first.",
)
TAUGHT = Ground(
    "broken-data", "The data is broken: a model trained on it would learn the fault. Mend the data first."
)
NOT_WRITTEN = Ground(
    "not-the-model",
    "The model gets no features, or old ones: a new model would get no others.",
)
NOT_TRAINED = Ground("not-the-model", "What a language model is asked changed: it is not trained here.")
NEW_OR_WRONG = Ground(
    "unclear-data",
    "Nobody can tell from here whether these values are new or wrong: a person has to look.",
)

OF_CAUSES: Mapping[tuple[Domain, str], Ground] = {
    ("data", "concept-drift"): RETRAIN,
    ("data", "covariate-drift"): DRIFTED,
    ("data", "biased-segment"): ROLL_BACK,
    ("data", "missing-features"): NOT_WRITTEN,
    ("data", "stale-features"): NOT_WRITTEN,
    ("data", "missing-bucket"): NOT_WRITTEN,
    ("data", "catalogue-corruption"): TAUGHT,
    ("data", "unit-change"): TAUGHT,
    ("data", "missing-feature"): TAUGHT,
    ("data", "wrong-type"): TAUGHT,
    ("data", "infinite-values"): TAUGHT,
    ("data", "constant-feature"): TAUGHT,
    ("data", "unseen-category"): NEW_OR_WRONG,
    ("data", "out-of-range"): NEW_OR_WRONG,
    ("data", "inputs-drift"): NEW_OR_WRONG,
    ("data", "feature-drift"): DRIFTED,
    ("data", "llm-longer-answers"): NOT_TRAINED,
    ("data", "llm-longer-prompts"): NOT_TRAINED,
    ("model", "bad-model"): ROLL_BACK,
    ("model", "version-worse"): ROLL_BACK,
    ("model", "leaked-feature"): ROLL_BACK,
    ("model", "concept-drift"): RETRAIN,
    ("model", "biased-segment"): RETRAIN,
    ("model", "miscalibrated"): RETRAIN,
}
"""Every cause whose domain is the model or its data; all others follow from their domain."""

OF_DOMAINS: Mapping[Domain, Ground] = {
    "infrastructure": Ground("not-the-model", "The cause is the infrastructure, not the model."),
    "traffic": Ground("not-the-model", "The cause is who asks and how often, not the model."),
    "telemetry": Ground("quality-unknown", "Telemetry is lost: how good the model is cannot be known."),
    "release": Ground("not-the-model", "The cause is a release: roll it back."),
    "none": Ground("nothing-wrong", "Nothing is wrong."),
    "unknown": Ground("not-understood", "The cause is not known: what is not understood may be learned."),
    "data": Ground("broken-data", "The cause is in the data, and not known to go away by retraining."),
    "model": Ground("version-at-fault", "The cause is the model, and not known to go away by retraining."),
}


def find_ground(verdict: Verdict) -> Ground:
    """What the verdict's cause means for retraining."""
    return OF_CAUSES.get((verdict.domain, verdict.cause), OF_DOMAINS[verdict.domain])
