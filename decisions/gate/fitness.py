"""Whether a version can serve: its budget, its features, its data set, and what is known of its origin."""

from collections.abc import Callable, Iterator

from pydantic import JsonValue

from config.gate import GateLimits
from decisions.gate.card import Card, Data
from decisions.gate.check import Check, tell_miss
from prometheus.quantities import write_duration, write_milliseconds, write_number

MEGABYTE = 1_000_000
SHOWN = 5
"""Names in a sentence."""
UNSAID: tuple[JsonValue, ...] = (None, "", "unknown", [], {})
"""Values of a model card that say nothing."""


def check_budget(candidate: Card, limits: GateLimits) -> Iterator[Check]:
    """The time of an answer and the size of the object."""
    if limits.answer_time is not None:
        yield _at_most("answer_time", candidate.answer_seconds, limits.answer_time, _write_time)
    if limits.size is not None:
        yield _at_most("size", candidate.size, limits.size, _write_size)


def check_features(candidate: Card, live: Card, limits: GateLimits) -> Iterator[Check]:
    """A check of what is stored, and one of the feature that is there least often."""
    if limits.schema_kept:
        yield _check_schema(candidate, live)
    if limits.features_there is not None:
        yield _check_availability(candidate, limits.features_there)


def check_data(candidate: Card, live: Card, limits: GateLimits, now: float) -> Iterator[Check]:
    """Rows, bad rows by what is wrong with them, and age of the data set; `now` is in Unix seconds."""
    data = candidate.data
    if limits.rows_kept is not None:
        yield _check_rows(data, live.data, limits.rows_kept)
    for key in ("malformed", "duplicates", "out_of_range"):
        limit: float | None = getattr(limits, key)
        if limit is not None:
            count: int | None = getattr(data, key, None)
            share = None if data is None or count is None else count / max(data.rows, 1)
            yield _at_most(key, share, limit, _write_share)
    if limits.data_age is not None:
        age = None if data is None or data.newest is None else max(0.0, now - data.newest)
        yield _at_most("data_age", age, limits.data_age, write_duration)


def check_card(candidate: Card, limits: GateLimits) -> Iterator[Check]:
    """Whether the model card says all that it has to."""
    if not limits.card:
        return
    unsaid = [key for key in limits.card if candidate.described.get(key) in UNSAID]
    said = f"lacks {_list(unsaid)}" if unsaid else f"has all {len(limits.card)} entries"
    yield Check("model card", "card", not unsaid, float(len(unsaid)), 0.0, said)


def _check_schema(candidate: Card, live: Card) -> Check:
    changed = [
        f"{name} is {feature.type}, not {live.features[name].type} as for the live version"
        for name, feature in candidate.features.items()
        if name in live.features and feature.type != live.features[name].type
    ]
    problems = [*candidate.faults, *changed]
    said = "; ".join(problems[:SHOWN]) or "what is stored can be read, features have the types they had"
    return Check("schema", "schema_kept", not problems, float(len(problems)), 0.0, said)


def _check_availability(candidate: Card, limit: float) -> Check:
    name, key = "features", "features_there"
    if not candidate.features:
        return Check(name, key, False, None, limit, "the card does not say which features it needs")
    lacking = {name: of.there for name, of in candidate.features.items() if of.there < limit}
    least = min(feature.there for feature in candidate.features.values())
    if not lacking:
        said = f"all {len(candidate.features)} are there for {_write_share(least)} or more"
    else:
        said = _list([f"{name} is there for {_write_share(there)}" for name, there in lacking.items()])
    miss = f", at least {_write_share(limit)}" + tell_miss(limit - least)
    return Check(name, key, not lacking, least, limit, said + miss)


def _check_rows(data: Data | None, live: Data | None, limit: float) -> Check:
    name, key = "rows", "rows_kept"
    if data is None:
        return Check(name, key, False, None, limit, "not known: the card has no report of its data set")
    if live is None or not live.rows:
        said = f"{data.rows:,}; how many the live version had is not known"
        return Check(name, key, True, None, limit, said)
    kept = data.rows / live.rows
    said = f"{live.rows:,} → {data.rows:,}, {_write_share(kept)} kept, at least {_write_share(limit)}"
    return Check(name, key, kept >= limit, kept, limit, said + tell_miss(limit - kept))


def _at_most(key: str, value: float | None, limit: float, write: Callable[[float], str]) -> Check:
    name = key.replace("_", " ")
    if value is None:
        return Check(name, key, False, None, limit, f"not known, at most {write(limit)}")
    said = f"{write(value)}, at most {write(limit)}" + tell_miss(value - limit, write)
    return Check(name, key, value <= limit, value, limit, said)


def _list(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _write_time(seconds: float) -> str:
    return write_milliseconds(1_000 * seconds)


def _write_size(size: float) -> str:
    return f"{write_number(size / MEGABYTE)} MB"


def _write_share(share: float) -> str:
    return f"{share:.1%}"
