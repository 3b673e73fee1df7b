"""What can be wrong with a watched model, and what to do about it."""

from collections.abc import Mapping
from typing import NamedTuple

from diagnosis.packs.models.inputs import Way
from diagnosis.verdict.verdict import Domain


class Cause(NamedTuple):
    """A template; `says` and `remedy` may use {model}, {service}, {what}, {feature}, {segment}, {version}.

    {what} is the feature and of whom; {times}, {before} and {after} are numbers of its own. What `follows` is
    brought about by a service that is slow or fails, too.
    """

    name: str
    domain: Domain
    says: str
    remedy: str
    follows: bool = False


OF_WAYS: Mapping[Way, Cause] = {
    Way.UNIT: Cause(
        "unit-change",
        "data",
        "The unit of {what} changed: its values are {times:.3g} times what they were.",
        "Find out who writes `{feature}` and what changed there; convert it until that is mended. Then judge "
        "again what was predicted since.",
    ),
    Way.MISSING: Cause(
        "missing-feature",
        "data",
        "{what} is missing in {after:.0%} of the requests.",
        "Look for who should send `{feature}`: a renamed field, a failed join, a silent source.",
    ),
    Way.WRONG_TYPE: Cause(
        "wrong-type",
        "data",
        "{what} has a wrong type in {after:.0%} of the requests.",
        "Look at how `{feature}` is encoded by those who send it: a number as text, another format of it.",
    ),
    Way.UNSEEN: Cause(
        "unseen-category",
        "data",
        "{after:.0%} of the values of {what} are categories that {model} has never seen.",
        "Look at what is new in `{feature}`: map renamed categories, train on new ones.",
    ),
    Way.INFINITE: Cause(
        "infinite-values",
        "data",
        "{after:.0%} of the values of {what} are infinite.",
        "Look for a division by zero or an overflow where `{feature}` is computed.",
    ),
    Way.CONSTANT: Cause(
        "constant-feature",
        "data",
        "{what} hardly changes from request to request any more.",
        "Look for a default, a cache or a job that stopped where `{feature}` comes from.",
    ),
    Way.OUT_OF_RANGE: Cause(
        "out-of-range",
        "data",
        "{after:.0%} of the values of {what} are outside of the range that {model} was trained on.",
        "Look at who sends these values of `{feature}`: a fault at its source, or new users.",
    ),
    Way.DRIFT: Cause(
        "feature-drift",
        "data",
        "{what} is distributed in another way.",
        "Find out what changed for `{feature}`: its source, or the users. If it stays, train {model} again.",
    ),
}

TOGETHER = Cause(
    "inputs-drift",
    "data",
    "The inputs of {model} together moved, no single feature did: they no longer belong together as in its "
    "reference.",
    "Look at joins, keys and caches where the inputs come from: values of one case may come with those of "
    "another. If they are right, train {model} again.",
)

VERSION = Cause(
    "version-worse",
    "model",
    "Version {version} of {model} is worse than the others on the same requests at the same time.",
    "Take version {version} back. Compare how it and the one before it were trained.",
)
NEW_VERSION = Cause(
    "version-worse",
    "release",
    "It is worse since version {version} of {model} answers.",
    "Roll back to the version before {version}. Compare how both were trained.",
)
LEAKED = Cause(
    "leaked-feature",
    "model",
    "Version {version} of {model} has learned from {what}, which it does not get when it has to predict.",
    "Roll back to the version before {version}. Train without `{feature}`: it is known too late.",
)
RELATION = Cause(
    "concept-drift",
    "model",
    "The same inputs have other outcomes now: no input moved, and no other version of {model} came.",
    "Train {model} on recent outcomes. Until then, look at whether a former version or a rule does better.",
)
SEGMENT = Cause(
    "biased-segment",
    "model",
    "It is worse in segment {segment}, and as ever in the others.",
    "Look at what is new for segment {segment}; train {model} with enough of its recent cases.",
)
CALIBRATION = Cause(
    "miscalibrated",
    "model",
    "The probabilities of {model} no longer mean what they say, though it decides as well as ever.",
    "Calibrate {model} again on recent labels; look at thresholds that were set on its scores.",
)
LATE = Cause(
    "labels-late",
    "telemetry",
    "The labels of {model} come late. What is known of its quality is of older predictions.",
    "Look at who delivers the labels. Do not judge {model} by its quality until they are in.",
)
LOST = Cause(
    "labels-lost",
    "telemetry",
    "Fewer labels of {model} come, or they come later. Those that do may be of some cases only.",
    "Look at the way of the labels to {service}. Do not judge {model} by its quality until they are in.",
    follows=True,
)
UNCOUNTED: Mapping[str, Cause] = {
    "dropped": Cause(
        "observations-dropped",
        "telemetry",
        "{service} drops observations of {model}: more come than can be counted.",
        "Give {service} more CPU or processes, or observe a sample.",
    ),
    "label_of_unknown_id": Cause(
        "labels-unmatched",
        "telemetry",
        "Labels of {model} name predictions that {service} does not know, so that they count for nothing.",
        "Check that labels reach the process that predicted, with the id it was observed with, soon enough.",
    ),
    "invalid_truth": Cause(
        "labels-invalid",
        "telemetry",
        "Labels of {model} have values that its task cannot have, so that they count for nothing.",
        "Look at the format in which labels are delivered: names of classes, numbers as text.",
    ),
    "missing_id": Cause(
        "labels-unmatched",
        "telemetry",
        "Predictions of {model} are observed without an id, so that no label finds them.",
        "Pass the id of each prediction to the monitor in {service}.",
    ),
}
SAYS_UNCOUNTED: Mapping[str, str] = {
    "dropped": "Observations are dropped",
    "label_of_unknown_id": "Labels of unknown predictions come",
    "invalid_truth": "Labels with impossible values come",
    "missing_id": "Predictions come without an id",
}
MIX = Cause(
    "segment-mix",
    "traffic",
    "Other requests come than before: {after:.0%} are for segment {segment} instead of {before:.0%}. "
    "{model} treats each segment as ever.",
    "Find out why: a campaign, a new client, a market. If it stays, weigh {model}'s training by it.",
)
GONE = Cause(
    "predictions-gone",
    "traffic",
    "{model} is asked for {after:.2g} predictions a second instead of {before:.2g}.",
    "Look at who calls {service}: a client that stopped, a route or a flag that changed.",
    follows=True,
)
