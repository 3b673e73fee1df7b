"""Limits of watched models as whence.yaml has them: a series for each model, so that one rule asks of all."""

from collections.abc import Iterator

from config import Config
from config.watched_models import MEASURES, WatchedModel
from prometheus import queries as q
from prometheus.rules import Rule, record
from prometheus.series import Series, models
from prometheus.series.recorded import MODEL_BOUND, MODEL_KEPT_LIMIT, MODEL_LIMIT, MODEL_MEASURE

MODEL_OF_ANY_VERSION = ("service_name", "model_name")
_OF_MODEL = f"on ({', '.join(MODEL_OF_ANY_VERSION)}) group_left ()"

MAY_LACK = f"on (service_name, model_name, measure) group_left () (1 - {q.select(MODEL_KEPT_LIMIT)})"
"""The share of a measure that may be lacking, for what has more labels."""


def limit_rules(config: Config) -> Iterator[Rule]:
    """The limit of each name, the share of each measure that has to be kept, and limits of measures."""
    chosen = config.watched_models
    for name, common in chosen.limits(written=False).items():
        own = [(model, model.limits(written=True)) for model in chosen.by_precedence]
        values = [
            _constant(limits[name], models.INFO, *_of(model)) for model, limits in own if name in limits
        ]
        yield record(MODEL_LIMIT, _first(*values, _constant(common, models.INFO)), limit=name)
    yield record(MODEL_KEPT_LIMIT, _first(*_kept(config)))
    for bound in ("at_least", "at_most"):
        values = [
            _constant(limit, MODEL_MEASURE, *_of(model), q.equal("measure", measure))
            for model in (*chosen.by_precedence, None)
            for measure, limit in (model or chosen).bounds(bound)
        ]
        if values:
            yield record(MODEL_BOUND, _first(*values), bound=bound)


def _kept(config: Config) -> Iterator[str]:
    """A measure's own limit before that of its model, a model's before that of all."""
    chosen = config.watched_models
    for model in (*chosen.by_precedence, None):
        for measure, limit in (model or chosen).bounds("kept"):
            yield _constant(limit, MODEL_MEASURE, *_of(model), q.equal("measure", measure))
        if model and "kept" in model.model_fields_set:
            yield _constant(model.kept, MODEL_MEASURE, *_of(model), q.one_of("measure", MEASURES))
    yield _constant(chosen.kept, MODEL_MEASURE, q.one_of("measure", MEASURES))


def _of(model: WatchedModel | None) -> tuple[str, ...]:
    if not model:
        return ()
    named = (q.equal("model_name", model.name),)
    return (*named, q.equal("service_name", model.service)) if model.service else named


def _constant(value: float, of: Series, *where: str) -> str:
    by = (*MODEL_OF_ANY_VERSION, "measure") if "measure" in of.labels else MODEL_OF_ANY_VERSION
    return f"0 * group by ({', '.join(by)}) ({q.select(of, *where)}) + {value:g}"


def _first(*values: str) -> str:
    return " or ".join(values)


def limit(name: str) -> str:
    """The limit of that name of each model, for what has more labels."""
    return f"{_OF_MODEL} {_chosen(name)}"


def rest(name: str) -> str:
    """1 without the limit of that name, a share."""
    return f"{_OF_MODEL} (1 - {_chosen(name)})"


def _chosen(name: str) -> str:
    return q.select(MODEL_LIMIT, q.equal("limit", name))
