"""What is asked of Prometheus at a look: the guards by version, and what holds for all versions together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log

from config.experiments import Experiment
from config.objectives import RECOMMENDER
from decisions.experiments.mismatch import log_e_value
from decisions.experiments.quantiles import Groups
from decisions.experiments.queries import GROUP, below_query
from decisions.experiments.reading import ALL, Reading, read
from decisions.releases.comparison import QUALITY, Compared, Counts, by_itself, compare
from decisions.releases.plan import part
from decisions.releases.state import State
from prometheus import indicators as sli
from prometheus import queries as q
from prometheus.client import Answers, Client, query_batch
from prometheus.names import label, series
from telemetry import attributes as a
from telemetry import instruments as i

SHORTEST = 15
"""Seconds of a window from which there are rates."""

RECENT = "1m"
"""What is asked of all versions together."""

SHADOWED = 20
"""Seconds of answers in the shadow that count."""

MISMATCH_PART = 1 / 5
"""Of the level of a window: by chance users seem not to come by their shares in 1% of the releases."""

COUNTED = [("hit", "labelled"), ("personalised", "request"), ("failed", "request")]


@dataclass(frozen=True)
class Ceilings:
    """For all versions together: shares of failed and slow requests; slow is beyond `latency` seconds."""

    failed: float
    slow: float
    latency: float


@dataclass(frozen=True)
class Evidence:
    """What was counted; `limits` are sentences on what is too bad for all versions together."""

    compared: tuple[Compared, ...] = ()
    labels: float = 0.0
    mismatch: bool = False
    limits: tuple[str, ...] = ()


def read_evidence(client: Client, state: State, ceilings: Ceilings, now: float) -> Evidence:
    """Everything since the window began; too soon after that, nothing. Raises SourceAway or TooManySeries."""
    seconds = int(now - state.window)
    if state.step.shadow:
        return _read_shadow(client, state, ceilings, now)
    if seconds < SHORTEST:
        return Evidence()
    reading = read(client, _declare(state), now)
    asked = client.ask(query_batch(_queries(state, ceilings, seconds), now))
    compared = tuple(
        compare(name, live, candidate, state.level * part(name), state.step.rules_out)
        for name, live, candidate in _guards(state, reading, asked)
    )
    return Evidence(
        compared,
        reading.count(state.version, "labelled"),
        _is_mismatch(state, reading.users),
        tuple(_exceeded(asked, ceilings)),
    )


def _read_shadow(client: Client, state: State, ceilings: Ceilings, now: float) -> Evidence:
    """Of the last seconds only: in the first ones its features may not be there yet."""
    of = sli.RECOMMENDER, q.equal(label(a.SHADOW_MODEL_VERSION), state.version)
    outcome = label(a.OUTCOME)
    counted = f"{SHADOWED} * {q.rate(series(i.SHADOW_REQUESTS), *of, by=[outcome], window=f'{SHADOWED}s')}"
    asked = client.ask(query_batch({"shadow": counted, **_ceiling_queries(ceilings)}, now))
    outcomes = {each.labels[outcome]: each.last for each in asked["shadow"]}
    answered, failed = outcomes.get("answered", 0.0), outcomes.get("failed", 0.0)
    without = sum(outcomes.get(f"features_{why}", 0.0) for why in ("missing", "invalid", "expired"))
    return Evidence(
        compared=(
            by_itself("answered", answered, failed),
            by_itself("personalised", answered, without, lasts=False),
        ),
        labels=answered,
        limits=tuple(_exceeded(asked, ceilings)),
    )


def _declare(state: State) -> Experiment:
    """The release as an experiment: what is counted of whom, since when."""
    named = (("former", state.former), ("version", state.version))
    return Experiment.model_validate(
        {
            "name": "release",
            "start": datetime.fromtimestamp(state.window, UTC).isoformat(),
            "variants": [{"name": name, "version": of, "share": "50%"} for name, of in named],
            "metrics": [
                {
                    "name": of,
                    "kind": "conversion",
                    "of": of,
                    "per": per,
                    "better": "higher",
                    "minimum_effect": "10%",
                }
                for of, per in COUNTED
            ],
        }
    )


def _queries(state: State, ceilings: Ceilings, seconds: int) -> dict[str, str]:
    return {
        "former": below_query(RECOMMENDER, state.former, ceilings.latency, seconds),
        "version": below_query(RECOMMENDER, state.version, ceilings.latency, seconds),
        **_ceiling_queries(ceilings),
    }


def _ceiling_queries(ceilings: Ceilings) -> dict[str, str]:
    of = (sli.RECOMMENDER, sli.RECOMMENDATIONS)
    return {
        "failed": sli.requests_failed_share(*of, window=RECENT),
        "slow": sli.requests_slow_share(ceilings.latency, *of, window=RECENT),
    }


def _guards(state: State, reading: Reading, asked: Answers) -> list[tuple[str, Counts, Counts]]:
    versions = (("former", state.former), ("version", state.version))

    def count(good: Mapping[str, Groups], requests: Mapping[str, Groups]) -> tuple[Counts, Counts]:
        live, candidate = (
            Counts(good.get(of, {}), requests.get(of, {}), reading.users.get(of, 0.0)) for _, of in versions
        )
        return live, candidate

    def event(name: str) -> dict[str, Groups]:
        return {of: reading.events.get((of, name, ALL), {}) for _, of in versions}

    answered, took = event("request"), {of: reading.durations.get(of, ({}, {}))[0] for _, of in versions}
    within = {of: {each.labels[GROUP]: each.last for each in asked[name]} for name, of in versions}
    all_ = {of: _add(answered[of], failed) for of, failed in event("failed").items()}
    return [
        (QUALITY, *count(event("hit"), event("labelled"))),
        ("answered", *count(answered, all_)),
        ("in time", *count(within, took)),
        ("personalised", *count(event("personalised"), answered)),
    ]


def _add(one: Groups, other: Groups) -> Groups:
    return {group: one.get(group, 0.0) + other.get(group, 0.0) for group in {*one, *other}}


def _is_mismatch(state: State, users: Mapping[str, float]) -> bool:
    if state.share >= 1:
        return False
    counts = [users.get(state.former, 0.0), users.get(state.version, 0.0)]
    return log_e_value(counts, [1 - state.share, state.share]) >= -log(state.level * MISMATCH_PART)


def _exceeded(asked: Answers, ceilings: Ceilings) -> list[str]:
    named = {
        "failed": (ceilings.failed, "of all requests fail"),
        "slow": (ceilings.slow, f"of all requests take more than {1_000 * ceilings.latency:.0f} ms"),
    }
    shares = {name: asked[name][0].last for name in named if asked[name]}
    return [
        f"{shares[name]:.1%} {says}, the limit is {limit:.1%}."
        for name, (limit, says) in named.items()
        if shares.get(name, 0.0) > limit
    ]
