"""What watched models are given and what they predict, against their reference."""

from alerts.rules.models import OF_MODEL, model_alert, still, threshold
from alerts.spec import Alert, Impact, Severity, ValueFormat
from config import Config
from config.watched_models import DRIFT
from prometheus import limits
from prometheus import queries as q
from prometheus.models.drift import chosen_limit
from prometheus.models.limits import limit
from prometheus.models.measures import ENOUGH
from prometheus.models.samples import ALL, SHORT
from prometheus.series.models import FEATURE, INPUTS, MODEL, OWN, PREDICTION, TRUTH
from prometheus.series.recorded import (
    FEATURE_ASSOCIATION,
    FEATURE_DRIFT,
    FEATURE_FAULTS,
    FEATURE_FAULTS_REFERENCE,
    FEATURE_MAGNITUDE,
    FEATURE_MAGNITUDE_REFERENCE,
    FEATURE_REFERENCE,
    FEATURE_SIZE,
    FEATURE_VALUES,
)

INPUT = f'feature!~"{"|".join(OWN)}"'
EVERYBODY, RECENT = f'segment="{ALL}"', f'window="{SHORT}"'
BY_FEATURE = (*MODEL, "feature")
BY_SEGMENT = (*BY_FEATURE, "segment")
OTHERS = 0.1
"""Share of the reference outside of a bin above which 100 values in a row in it are no chance."""

LEAKED = 0.3
"""Of Cramér's V, from 0 to 1: with 100 labels chance makes .1 of it."""

KINDS = {
    "missing": ("model-feature-missing", "Model Feature Missing", "missing"),
    "unseen": ("model-feature-unseen", "Model Feature Unseen", "new categories"),
    "out_of_range": (
        "model-feature-out-of-range",
        "Model Feature Out Of Range",
        "out of the reference's range",
    ),
    "wrong_type": ("model-feature-wrong-type", "Model Feature Wrong Type", "of another type"),
    "infinite": ("model-feature-infinite", "Model Feature Infinite", "infinite"),
}
"""By kind of fault: slug, title, and what the values are."""


def _drift(*where: str) -> str:
    """The stability index where it exceeds the limit of the level that whence.yaml has for the model."""
    of = ('measure="psi"', *where)
    return f"{q.select(FEATURE_DRIFT, *of)} > ignoring (level) {chosen_limit(*of)}"


def _drifted(*where: str) -> str:
    now = q.highest(FEATURE_DRIFT, 'measure="psi"', RECENT, *where, by=BY_SEGMENT)
    bad = f"max by ({', '.join(BY_SEGMENT)}) ({_drift(*where)})"
    return still(bad, f"{now} < {limit('drift')}", BY_SEGMENT)


def _faulty(kind: str) -> str:
    of = (q.equal("kind", kind), EVERYBODY)
    now, then = (q.select(series, *of) for series in (FEATURE_FAULTS, FEATURE_FAULTS_REFERENCE))
    error = f"sqrt({now} * (1 - {now}) / ignoring (kind) group_left () {q.select(FEATURE_SIZE, EVERYBODY)})"
    more = f"({now} - {then} > {limit(kind)}) and ({now} - {then} > {limits.SURE} * {error})"
    bad = f"max by ({', '.join(BY_FEATURE)}) ({now} and ({more}))"
    recent = q.highest(FEATURE_FAULTS, *of, RECENT, by=BY_FEATURE)
    usual = q.highest(FEATURE_FAULTS_REFERENCE, *of, RECENT, by=BY_FEATURE)
    return still(bad, f"{recent} - {usual} <= {limit(kind)}", BY_FEATURE)


def _resized() -> str:
    """How many times larger or smaller a feature is that drifts, too: with long tails means may err."""
    now, then = (q.select(of, INPUT) for of in (FEATURE_MAGNITUDE, FEATURE_MAGNITUDE_REFERENCE))
    fold = f"exp(abs(ln({now} / {then})))"
    large = f"{q.select(FEATURE_DRIFT, q.equal('measure', 'psi'))} > {DRIFT['large']:g}"
    drifted = f"{fold} and on ({', '.join(FEATURE)}) ({large})"
    bad = f"max by ({', '.join(BY_FEATURE)}) ({drifted}) > {limit('unit_change')}"
    now, then = (
        q.highest(of, RECENT, INPUT, by=BY_FEATURE) for of in (FEATURE_MAGNITUDE, FEATURE_MAGNITUDE_REFERENCE)
    )
    return still(bad, f"exp(abs(ln({now} / {then}))) <= {limit('unit_change')}", BY_FEATURE)


def _constant() -> str:
    """The share of the reference that had the one bin in which all values of ten minutes are."""
    values, reference = (q.select(of, EVERYBODY, RECENT, INPUT) for of in (FEATURE_VALUES, FEATURE_REFERENCE))
    by = f"by ({', '.join(FEATURE)})"
    every = f"on ({', '.join(FEATURE)}) group_left () (sum {by} ({values}) >= {ENOUGH})"
    only = f"({values} == {every})"
    whole = f"on ({', '.join(FEATURE)}) group_left () sum {by} ({reference})"
    return f"max by ({', '.join(BY_FEATURE)}) (({reference} / {whole}) and {only})"


def _drifted_of_whom() -> str:
    """Of everybody; of segments only where it is not everybody."""
    everybody, segments = (_drifted(INPUT, f'segment{of}"{ALL}"') for of in ("=", "!="))
    return f"({everybody}) or (({segments}) unless on ({', '.join(BY_FEATURE)}) ({everybody}))"


def feature_drift(config: Config) -> Alert:
    return model_alert(
        config,
        slug="model-feature-drift",
        title="Model Feature Drift",
        query=_drifted_of_whom(),
        panel="Feature drift",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary="{labels.feature} of {labels.model_name} has drifted: PSI {value}",
        description="The population stability index of {labels.feature} (segment {labels.segment}) of "
        f"{OF_MODEL} against its reference is {{value}}: more than {config.watched_models.drift} drift "
        "(watched_models.drift) and more than chance with so many samples.",
        value_format=ValueFormat.NUMBER,
    )


def prediction_drift(config: Config) -> Alert:
    return model_alert(
        config,
        slug="model-prediction-drift",
        title="Model Prediction Drift",
        query=_drifted(f'feature="{PREDICTION}"'),
        panel="Predictions and labels drift",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary="Predictions of {labels.model_name} {labels.model_version} have drifted: PSI {value}",
        description=f"The population stability index of the predictions of {OF_MODEL} against its reference "
        f"is {{value}}: more than {config.watched_models.drift} drift (watched_models.drift) and more than "
        "chance. Input or model have changed; quality is known when labels arrive.",
        value_format=ValueFormat.NUMBER,
    )


def inputs_drift(config: Config) -> Alert:
    together = _drifted(q.equal("feature", INPUTS))
    alone = f"max by ({', '.join(MODEL)}) ({_drifted(INPUT)})"
    return model_alert(
        config,
        slug="model-inputs-drift",
        title="Model Inputs Drift",
        query=f"{together} unless on ({', '.join(MODEL)}) ({alone})",
        panel="Inputs together",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary="Inputs of {labels.model_name} {labels.model_version} together drift: PSI {value}",
        description=f"The inputs of {OF_MODEL} together moved, no single feature did: the population "
        "stability index of the error with which they follow from each other is {value}, more than "
        f"{config.watched_models.drift} drift (watched_models.drift) and more than chance.",
        value_format=ValueFormat.NUMBER,
    )


def label_drift(config: Config) -> Alert:
    return model_alert(
        config,
        slug="model-label-drift",
        title="Model Label Drift",
        query=_drifted(f'feature="{TRUTH}"'),
        panel="Predictions and labels drift",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary="Labels of {labels.model_name} {labels.model_version} have drifted: PSI {value}",
        description=f"The population stability index of the labels of {OF_MODEL} against its reference is "
        f"{{value}}: more than {config.watched_models.drift} drift (watched_models.drift) and more than "
        "chance. What the model predicts has changed, or how it is labelled.",
        value_format=ValueFormat.NUMBER,
    )


def faulty_feature(config: Config, kind: str) -> Alert:
    slug, title, what = KINDS[kind]
    return model_alert(
        config,
        slug=slug,
        title=title,
        query=_faulty(kind),
        panel="Faulty values",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary=f"{{value}} of {{labels.feature}} of {{labels.model_name}} are {what}",
        description=f"{{value}} of the values of {{labels.feature}} of {OF_MODEL} are {what}: more than in "
        f"the reference by the share that whence.yaml allows (watched_models.faults.{kind}) and more than "
        "chance.",
    )


def unit_changed(config: Config) -> Alert:
    return model_alert(
        config,
        slug="model-feature-unit-changed",
        title="Model Feature Unit Changed",
        query=_resized(),
        panel="Magnitude against the reference",
        severity=Severity.CRITICAL,
        impact=Impact.POSSIBLE,
        summary="{labels.feature} of {labels.model_name} is {value} times off its reference",
        description=f"The mean of {{labels.feature}} of {OF_MODEL}, without sign, is {{value}} times larger "
        "or smaller than in the reference; the limit is in whence.yaml (watched_models.unit_change). Such "
        "a change is nearly always one of unit: cents for euros, milliseconds for seconds.",
        value_format=ValueFormat.NUMBER,
    )


def feature_constant(config: Config) -> Alert:
    return model_alert(
        config,
        slug="model-feature-constant",
        title="Model Feature Constant",
        query=f"1 - {_constant()}",
        threshold=OTHERS,
        panel="Distribution against the reference",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary="{labels.feature} of {labels.model_name} has one value; {value} had others",
        description=f"For ten minutes all values of {{labels.feature}} of {OF_MODEL} were in one bin; in "
        "the reference {value} of them were in others. A default value has taken the place of the real "
        "ones.",
    )


def feature_leaked(config: Config) -> Alert:
    def lost(*where: str) -> str:
        """How much less a feature alone tells of the truth than in the reference."""
        then = q.highest(FEATURE_ASSOCIATION, 'window="reference"', by=BY_FEATURE)
        now = q.highest(FEATURE_ASSOCIATION, 'window!="reference"', *where, by=[*BY_FEATURE, "window"])
        one = f"on ({', '.join(BY_FEATURE)}) group_right ()"
        return f"max by ({', '.join(BY_FEATURE)}) ({then} - {one} {now})"

    slug = "model-feature-leaked"
    most = threshold(config, slug, LEAKED)
    return model_alert(
        config,
        slug=slug,
        title="Model Feature Leaked",
        query=still(lost(), f"{lost(RECENT)} <= {most:g}", BY_FEATURE),
        threshold=most,
        panel="Feature drift",
        severity=Severity.WARNING,
        impact=Impact.POSSIBLE,
        summary="{labels.feature} of {labels.model_name} tells less than in training, by {value}",
        description=f"In the reference {{labels.feature}} of {OF_MODEL} alone tells much of the truth; in "
        "production it tells less, by {value} on a scale from 0 to 1; the limit is {threshold}. The "
        "truth may have leaked into the training data, or the feature is made otherwise now.",
        value_format=ValueFormat.NUMBER,
    )


def alerts(config: Config) -> tuple[Alert, ...]:
    return (
        feature_drift(config),
        inputs_drift(config),
        prediction_drift(config),
        label_drift(config),
        *(faulty_feature(config, kind) for kind in KINDS),
        unit_changed(config),
        feature_constant(config),
        feature_leaked(config),
    )
