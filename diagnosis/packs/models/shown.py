"""What shows how a model and its inputs moved: statements with their curve, and PromQL to see it again."""

from collections.abc import Sequence

import numpy as np

from diagnosis.packs.models.calibration import Miscalibration
from diagnosis.packs.models.case import Case
from diagnosis.packs.models.counts import add
from diagnosis.packs.models.flow import Turn
from diagnosis.packs.models.inputs import Move, Way, values_over_time
from diagnosis.packs.models.outcomes import Gap, Loss, sums_of
from diagnosis.signals.series import Values
from diagnosis.topology.wording.statements import capitalise, place_of
from diagnosis.verdict.statements import make_statement
from diagnosis.verdict.verdict import Statement
from prometheus import queries as q
from prometheus.models.samples import ALL, SHORT
from prometheus.quantities import write_number
from prometheus.series import Series, models
from prometheus.series.models import INPUTS, MODEL, PREDICTION, TRUTH
from prometheus.series.recorded import (
    FEATURE_DRIFT,
    FEATURE_FAULTS,
    MODEL_LABELS,
    MODEL_MEASURE,
    MODEL_PREDICTIONS,
    MODEL_PROBLEMS,
)

SMOOTH = 60.0
"""Seconds over which curves of shares are drawn, at least."""

SLIGHT = 0.02
"""Part of a loss that is not worth a word."""

WAYS = {
    Way.MISSING: "{after:.1%} of the values of {what} are missing instead of {before:.1%}.",
    Way.WRONG_TYPE: "{after:.1%} of the values of {what} have a wrong type instead of {before:.1%}.",
    Way.UNSEEN: "{after:.1%} of the values of {what} are unseen categories instead of {before:.1%}.",
    Way.INFINITE: "{after:.1%} of the values of {what} are infinite instead of {before:.1%}.",
    Way.UNIT: "{what} is {level_after} on average instead of {level_before}.",
    Way.CONSTANT: "{after:.1%} of the values of {what} are alike instead of {before:.1%}.",
    Way.OUT_OF_RANGE: "{after:.1%} of the values of {what} are out of range instead of {before:.1%}.",
    Way.DRIFT: "{share:.1%} of the values of {what} are elsewhere than before.",
}
NAMES = {PREDICTION: "the predictions", TRUTH: "the labels", INPUTS: "all inputs together"}


def name_feature(move: Move) -> str:
    """A feature, and of whom."""
    of = "" if move.segment == ALL else f" of segment {move.segment}"
    return NAMES.get(move.feature, f"`{move.feature}`") + of


def say_loss(case: Case, loss: Loss) -> str:
    measure, verb = loss.measure, "fell" if loss.after < loss.before else "rose"
    of = f"{case.counts.name} in segment {loss.segment}" if loss.segment else case.counts.name
    levels = f"from {measure.write(loss.before)} to {measure.write(loss.after)}"
    return f"{measure.title} of {of} {verb} by {measure.write_change(abs(loss.change))}, {levels}."


def state_loss(case: Case, loss: Loss) -> Statement:
    sums = sums_of(case.counts, loss.measure, **{"segment": loss.segment} if loss.segment else {})
    lost = _over_time(case, sums.lost, sums.number, loss.split.every)
    curve = 1 - lost if loss.measure.higher_is_better else lost
    where = q.equal("measure", loss.measure.name), q.equal("segment", loss.segment or ALL), _SHORT
    query = q.select(MODEL_MEASURE, *_of(case), *where)
    unit = "share" if loss.measure.is_share else ""
    return _state(case, say_loss(case, loss), query, (loss.before, loss.after), curve, unit)


def state_move(case: Case, move: Move) -> Statement:
    what = name_feature(move)
    says = WAYS[move.way].format(
        what=what,
        before=move.before,
        after=move.after,
        share=move.share,
        level_before=write_number(move.before),
        level_after=write_number(move.after),
    )
    part, whole = values_over_time(case.counts, move)
    curve = _over_time(case, part, whole, move.split.every)
    before, after = (float(part[s].sum() / whole[s].sum()) for s in (move.split.before, move.split.after))
    unit = "" if move.way is Way.UNIT else "share"
    return _state(case, capitalise(says), _ask_move(case, move), (before, after), curve, unit)


def _ask_move(case: Case, move: Move) -> str:
    where = (*_of(case), q.equal("feature", move.feature))
    if move.way is Way.UNIT:
        sums = (
            q.rate(of, *where, by=MODEL, window=SHORT)
            for of in (models.FEATURE_MAGNITUDE, models.FEATURE_VALUES)
        )
        return " / ".join(sums)
    of_whom = q.equal("segment", move.segment), _SHORT
    if move.way in (Way.DRIFT, Way.CONSTANT):
        return q.select(FEATURE_DRIFT, *where, *of_whom, q.equal("measure", "psi"))
    return q.select(FEATURE_FAULTS, *where, *of_whom, q.equal("kind", move.way))


def state_split(case: Case) -> list[Statement]:
    """How much of the loss is due to each segment, and to their mix: exactly, for they sum to it."""
    if case.loss is None or case.loss.segment or len(case.by_segment) < 2:
        return []
    worst = max(case.by_segment, key=lambda name: case.by_segment[name].within)
    within = case.loss.measure.write_change(case.by_segment[worst].within)
    says = f"{say_within(case, case.loss)}; in segment {worst} alone {within}."
    query = q.select(MODEL_MEASURE, *_of(case), q.equal("measure", case.loss.measure.name), _SHORT)
    return [make_statement(case.counts.aligned, says, query, entity=place_of(case.counts.entity))]


def say_within(case: Case, loss: Loss) -> str:
    """How much of the loss is not due to the mix of segments, without a full stop."""
    mix, within = (
        sum(getattr(each, part) for each in case.by_segment.values()) for part in ("mix", "within")
    )
    whole = loss.measure.write_change(loss.change)
    if abs(mix) < SLIGHT * loss.change:
        return f"All of the {whole} are lost within the segments"
    if mix < 0:
        more = loss.measure.write_change(within)
        return f"{more} are lost within the segments, less {loss.measure.write_change(-mix)} by their mix"
    of = loss.measure.write_change(within).removesuffix(" points")
    return f"{of} of the {whole} are lost within the segments, the rest by their mix"


def state_gap(case: Case, gap: Gap) -> Statement:
    better = gap.measure.higher_is_better
    others, own = (1 - lost if better else lost for lost in (gap.others, gap.lost))
    write = gap.measure.write
    says = (
        f"{gap.measure.title} of version {gap.version} is {write(own)}, "
        f"that of the others at the same time {write(others)}."
    )
    sums = sums_of(case.counts, gap.measure, model_version=gap.version)
    lost = _over_time(case, sums.lost, sums.number, 0.0)
    where = q.equal("measure", gap.measure.name), q.equal("segment", ALL), _SHORT
    query = q.select(MODEL_MEASURE, *_of(case), *where)
    unit = "share" if gap.measure.is_share else ""
    return _state(case, says, query, (others, own), 1 - lost if better else lost, unit)


def state_calibration(case: Case, loss: Loss, found: Miscalibration) -> Statement:
    says = f"Scores are {found.after:.1%} from what came true instead of {found.before:.1%}, on average."
    where = q.equal("measure", "calibration_error"), q.equal("segment", ALL), _SHORT
    off = [case.counts.sum(of) for of in (models.SCORE_LABELS, models.SCORE_EXPECTED)]
    true = case.counts.sum(models.SCORE_LABELS, came_true="yes")
    curve = _over_time(case, np.abs(true - off[1]), off[0], loss.split.every)
    return _state(case, says, q.select(MODEL_MEASURE, *_of(case), *where), found, curve, "share")


def state_version(case: Case, version: str) -> Statement:
    own = case.counts.sum(models.PREDICTIONS, model_version=version)
    shares = _over_time(case, own, case.counts.predictions, 0.0)
    known = shares[np.isfinite(shares)]
    query = q.select(MODEL_PREDICTIONS, *_of(case), q.equal("segment", ALL), _SHORT)
    after = float(known[-1]) if len(known) else 0.0
    says = f"Version {version} makes {after:.0%} of the predictions; before there was none."
    return _state(case, says, query, (0.0, after), shares, "share")


def state_mix(case: Case, turn: Turn) -> Statement:
    part = case.counts.sum(models.PREDICTIONS, segment=turn.of)
    says = f"{turn.after:.1%} of the predictions are for segment {turn.of} instead of {turn.before:.1%}."
    query = q.select(MODEL_MEASURE, *_of(case), q.equal("measure", "segment_share"), _SHORT)
    curve = _over_time(case, part, case.counts.predictions, turn.split.every)
    return _state(case, says, query, (turn.before, turn.after), curve, "share")


def state_rate(case: Case, turn: Turn, what: str, values: Values, of: Series) -> Statement:
    """Of predictions, or of labels, per second."""
    seconds = _over_time(
        case, values, np.full_like(values, case.counts.aligned.evidence.step), turn.split.every
    )
    says = f"{turn.after:.2g} {what} a second come instead of {turn.before:.2g}."
    query = f"{q.select(of, *_of(case), q.equal('segment', ALL), _SHORT)} / 600"
    return _state(case, says, query, (turn.before, turn.after), seconds, "1/s")


def state_labels(case: Case, turn: Turn) -> Statement:
    return state_rate(case, turn, "labels", case.counts.labels, MODEL_LABELS)


def state_predictions(case: Case, turn: Turn) -> Statement:
    return state_rate(case, turn, "predictions", case.counts.predictions, MODEL_PREDICTIONS)


def state_delay(case: Case, before: float, after: float) -> Statement:
    says = f"Half of the labels are known within {after:.3g} s instead of {before:.3g} s."
    query = q.select(MODEL_MEASURE, *_of(case), q.equal("measure", "label_delay"), _SHORT)
    rows = [row.values for row in case.counts.rows(MODEL_MEASURE)]
    return _state(case, says, query, (before, after), np.fmax.reduce(rows), "s")


def state_uncounted(case: Case, turn: Turn, says: str) -> Statement:
    lost = case.counts.sum(models.PROBLEMS, kind=turn.of)
    curve = _over_time(
        case, lost, add([lost, case.counts.predictions], case.counts.aligned), turn.split.every
    )
    query = q.select(MODEL_PROBLEMS, *_of(case), q.equal("kind", turn.of))
    says = f"{says} ({turn.after:.1%} instead of {turn.before:.1%} of all)."
    return _state(case, says, query, (turn.before, turn.after), curve, "share")


_SHORT = q.equal("window", SHORT)


def _of(case: Case) -> Sequence[str]:
    return q.equal("service_name", case.counts.service), q.equal("model_name", case.counts.name)


def _over_time(case: Case, part: Values, whole: Values, every: float) -> Values:
    return case.counts.aligned.ratio(part, whole, max(SMOOTH, 2 * every))


def _state(
    case: Case, says: str, query: str, levels: tuple[float, float], curve: Values, unit: str
) -> Statement:
    before, after = (float(f"{level:.6g}") for level in levels)
    return make_statement(
        case.counts.aligned, says, query, (before, after), curve, unit, place_of(case.counts.entity)
    )
