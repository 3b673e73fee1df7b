"""Features, predictions and labels of watched models: against their reference, and as they come in."""

from collections.abc import Mapping
from dataclasses import replace

from tests.rules.promtool import gauge, histogram
from tests.rules.scenarios.models import (
    AFTER,
    ANY_VERSION,
    CALM,
    TROUBLE,
    WHOLE,
    Pair,
    counted,
    known,
    labelled,
    named,
    scenario,
)
from tests.rules.scenarios.scenario import Scenario, Series

BINS = {f"{number:02}": 0.1 for number in range(1, 11)}
"""A number's values in its reference: deciles from 10 to 110."""
EDGES = {**{f"{number:02}": 10.0 * number for number in range(1, 11)}, "above": 110.0}


def valued(
    during: Mapping[str, float],
    *,
    before: Mapping[str, float] = BINS,
    feature: str = "amount",
    n: float = 50,
    magnitude: Pair = (60, 60),
    trouble: int = TROUBLE,
) -> Series:
    """A feature's values in 10 seconds: shares of its bins in calm, as in the reference, and in trouble."""
    of = {"reference": "r", "feature": feature}
    series: dict[str, str] = {**known("binary", reference="r")}
    for name in {**before, **during}:
        calm, now = n * before.get(name, 0), n * during.get(name, 0)
        series |= counted("model_feature_values_total", calm, now, trouble, bin=name, **of)
        in_reference = gauge((WHOLE, 10_000 * before.get(name, 0)))
        series |= {named("model_reference_values", bin=name, **of): in_reference}
    for name, least in EDGES.items() if before is BINS else ():
        series |= {named("model_reference_edge", bin=name, **of): gauge((WHOLE, least))}
    calm, now = (n * size for size in magnitude)
    return {**series, **counted("model_feature_magnitude_total", calm, now, trouble, sign="positive", **of)}


def shifted(by: float) -> dict[str, float]:
    """The lower half of the values by so much less frequent, the upper half by so much more."""
    return {name: share * (1 - by if name <= "05" else 1 + by) for name, share in BINS.items()}


def faulty(bin: str, share: float, of: Mapping[str, float] = BINS) -> dict[str, float]:
    return {**{name: value * (1 - share) for name, value in of.items()}, bin: share}


def of_segment(name: str, series: Series) -> dict[str, str]:
    """The same of values by segment."""
    counts = ("model_feature_values_total{", "model_reference_values{")
    return {
        key.replace("{", f'{{segment="{name}", ', 1) if key.startswith(counts) else key: values
        for key, values in series.items()
    }


def telling(during: float, n: float = 50) -> Series:
    """A feature whose two bins come true with 90% and 10%, as in the reference, and else in trouble."""
    of = {"reference": "r", "feature": "amount"}
    series: dict[str, str] = {**known("binary")}
    for bin, before, now in (("01", 0.9, during), ("02", 0.1, 1 - during)):
        for name, share, share_now in (("yes", before, now), ("no", 1 - before, 1 - now)):
            labels = {"bin": bin, "came_true": name, **of}
            series |= counted("model_feature_truths_total", n * share, n * share_now, **labels)
            series |= {named("model_reference_truths", **labels): gauge((WHOLE, 5000 * share))}
    return series


COUNTRIES = {"de": 0.6, "fr": 0.3, "it": 0.1}


def predicted(before: float, during: float, trouble: int = TROUBLE, **labels: str) -> Series:
    return {**known("binary"), **counted("model_predictions_total", before, during, trouble, **labels)}


def awaited(labels: float, predictions: float = 50, before: float = 40) -> Series:
    """Labels in 10 seconds, before and during the trouble."""
    return {**predicted(predictions, predictions), **labelled(before, labels)}


def delayed(before: float, during: float, n: int = 50) -> Series:
    """Hours until labels are known, before and after the trouble, and during it."""
    phases = (CALM, {3600 * before: n}), (TROUBLE, {3600 * during: n}), (AFTER, {3600 * before: n})
    return {**known("binary"), named("model_label_delay_seconds"): histogram(*phases)}


def served(name: str, before: float, during: float, n: int = 50) -> Series:
    """Seconds, before and after the trouble, and during it."""
    phases = (CALM, {before: n}), (TROUBLE, {during: n}), (AFTER, {before: n})
    return {**predicted(n, n), named(name): histogram(*phases)}


def paid(before: float, during: float, n: float = 50) -> Series:
    return {**predicted(n, n), **counted("model_prediction_cost_total", n * before, n * during)}


def beside(later: Series, others: Series) -> Series:
    """Version 8 is like the first of these, version 7 like the other."""
    as_8 = {key.replace('model_version="7"', 'model_version="8"'): values for key, values in later.items()}
    return {**as_8, **others}


def mixed(new: float, n: float = 50) -> Series:
    """Predictions by segment: a fifth is new, and another share during the trouble."""
    return {
        **predicted(n * 0.2, n * new, segment="new"),
        **predicted(n * 0.8, n * (1 - new), segment="old"),
    }


def unwatched(share: float, n: float = 50) -> Series:
    problems = counted("model_monitor_problems_total", 0, n * share, kind="dropped")
    return {**predicted(n, n), **problems}


def of_any_version(
    breach: Series, quiet: dict[str, Series], fires_at: int, over_at: int, value: str
) -> Scenario:
    return replace(scenario(breach, quiet, fires_at, over_at, value), labels=ANY_VERSION)


def drift(feature: str) -> Scenario:
    return scenario(
        valued(shifted(0.6), feature=feature),
        {
            "moderate": valued(shifted(0.4), feature=feature),
            "large for a minute": valued(shifted(0.6), feature=feature, trouble=60),
            "with 100 values chance moves as much": valued(
                shifted(0.45), feature=feature, n=1.7, trouble=600
            ),
            "as ever": valued(BINS, feature=feature),
        },
        fires_at=3360,
        over_at=4320,
        value="0.414",
        feature=feature,
        segment="all",
    )


def faults(
    bin: str, below: float, fires_at: int, over_at: int, value: str, of: Mapping[str, float] = BINS
) -> Scenario:
    usual = faulty(bin, 0.4, of)
    return scenario(
        valued(faulty(bin, 0.3, of), before=of, n=1000),
        {
            "just below the limit": valued(faulty(bin, below, of), before=of, n=1000),
            "many, as in the reference": valued(usual, before=usual),
            "6 of 100": valued(faulty(bin, 0.06, of), before=of, n=1.7, trouble=600),
        },
        fires_at=fires_at,
        over_at=over_at,
        value=value,
        feature="amount",
    )


TOOK = "model_prediction_duration_seconds"
SOON, AT_ONCE = (2940, 4740), (2880, 4800)
"""When it fires, and when it is over: with a lower limit sooner, and later."""

SCENARIOS = {
    "model-feature-drift": drift("amount"),
    "model-inputs-drift": replace(
        drift("@inputs"),
        quiet={
            **drift("@inputs").quiet,
            "a feature drifts": {
                **valued(shifted(0.6), feature="@inputs"),
                **valued(shifted(0.6), feature="amount"),
            },
        },
    ),
    "model-prediction-drift": drift("@prediction"),
    "model-label-drift": drift("@truth"),
    "model-feature-missing": faults("missing", 0.045, *SOON, "12.02%"),
    "model-feature-unseen": faults("unseen", 0.045, *SOON, "12.02%", COUNTRIES),
    "model-feature-out-of-range": replace(
        found := faults("above", 0.045, *SOON, "12.02%"),
        quiet={**found.quiet, "of no feature": valued(faulty("above", 0.3), feature="@inputs", n=1000)},
    ),
    "model-feature-wrong-type": faults("wrong_type", 0.009, *AT_ONCE, "9.014%"),
    "model-feature-infinite": faults("infinite", 0.009, *AT_ONCE, "9.014%"),
    "model-feature-unit-changed": scenario(
        valued(faulty("above", 1), magnitude=(60, 6000)),
        {
            "three times as large": valued(faulty("above", 0.7), magnitude=(60, 180)),
            "one outlier": valued(faulty("above", 0.001), magnitude=(60, 6000)),
            "as ever": valued(BINS),
        },
        feature="amount",
        fires_at=2880,
        over_at=4800,
        value="31.4",
    ),
    "model-feature-constant": scenario(
        valued({"05": 1}),
        {
            "nearly constant": valued({"05": 0.98, "06": 0.02}),
            "always so": valued({"05": 1}, before={"05": 0.95, "06": 0.05}),
            "few": valued({"05": 1}, n=0.15),
        },
        feature="amount",
        fires_at=3420,
        over_at=4260,
        value="90%",
    ),
    "model-feature-leaked": scenario(
        telling(0.5),
        {"tells a little less": telling(0.8), "few": telling(0.5, n=0.1)},
        fires_at=3060,
        over_at=4620,
        value="0.488",
        feature="amount",
    ),
    "model-predictions-stopped": of_any_version(
        predicted(50, 0),
        {"a tenth left": predicted(50, 5), "hardly any before": predicted(0.1, 0)},
        fires_at=3120,
        over_at=4260,
        value="0%",
    ),
    "model-predictions-fell": of_any_version(
        predicted(50, 10),
        {
            "two thirds left": predicted(50, 33),
            "another version takes over": {
                **predicted(50, 0, trouble=TROUBLE + AFTER - 60),
                **predicted(0, 50, trouble=TROUBLE + AFTER - 60, model_version="8"),
            },
            "hardly any before": predicted(0.1, 0),
        },
        fires_at=3300,
        over_at=4380,
        value="25.53%",
    ),
    "model-predictions-surge": of_any_version(
        predicted(50, 200),
        {"half as many again": predicted(50, 75), "starts": predicted(50, 50)},
        fires_at=3000,
        over_at=4320,
        value="2.33",
    ),
    "model-labels-missing": scenario(
        awaited(4),
        {
            "two thirds": awaited(27),
            "predictions stop as well": {**predicted(50, 0), **labelled(40, 0)},
            "hardly any before": awaited(0, before=0.1),
        },
        fires_at=3180,
        over_at=4500,
        value="26.78%",
    ),
    "model-labels-late": scenario(
        delayed(12, 36),
        {"20 hours": delayed(12, 20)},
        fires_at=3120,
        over_at=4500,
        value="1d 10h 15m 33s",
    ),
    "model-labels-slower": scenario(
        delayed(0.5, 3), {"twice as long": delayed(0.5, 1)}, fires_at=3120, over_at=4500, value="6.06"
    ),
    "model-latency-rose": scenario(
        served(TOOK, 0.1, 0.4),
        {
            "half as long again": served(TOOK, 0.1, 0.15),
            "few": served(TOOK, 0.1, 0.4, n=1),
        },
        fires_at=2880,
        over_at=4800,
        value="3.96",
    ),
    "model-version-slower": scenario(
        beside(served(TOOK, 0.1, 0.4), served(TOOK, 0.1, 0.1)),
        {
            "a third slower": beside(served(TOOK, 0.1, 0.135), served(TOOK, 0.1, 0.1)),
            "the usual version beside a faster one": beside(
                served(TOOK, 0.1, 0.4), served(TOOK, 0.1, 0.1, n=20)
            ),
            "all versions": beside(served(TOOK, 0.1, 0.4), served(TOOK, 0.1, 0.4)),
            "alone": served(TOOK, 0.1, 0.4),
        },
        fires_at=2880,
        over_at=4800,
        value="3.96",
        model_version="8",
    ),
    "model-version-costlier": scenario(
        beside(paid(2, 5), paid(2, 2)),
        {
            "a quarter more": beside(paid(2, 2.5), paid(2, 2)),
            "the usual version beside a cheaper one": beside(paid(2, 5), paid(2, 2, n=20)),
            "all versions": beside(paid(2, 5), paid(2, 5)),
            "few": beside(paid(2, 5, n=0.15), paid(2, 2, n=0.15)),
        },
        fires_at=3060,
        over_at=4620,
        value="1.92",
        model_version="8",
    ),
    "model-cost-rose": scenario(
        paid(2, 5),
        {"a quarter more": paid(2, 2.5), "few": paid(2, 5, n=0.15)},
        fires_at=3060,
        over_at=4620,
        value="1.92",
    ),
    "model-features-stale": scenario(
        served("model_feature_age_seconds", 3600, 18000),
        {"twice as old": served("model_feature_age_seconds", 3600, 7200)},
        fires_at=2880,
        over_at=4800,
        value="5.14",
    ),
    "model-segment-mix-changed": scenario(
        mixed(0.5),
        {"a little": mixed(0.25), "half of 200": mixed(0.5, n=1.7)},
        fires_at=3120,
        over_at=4560,
        value="0.221",
    ),
    "model-not-watched": scenario(
        unwatched(0.2),
        {"1 in 200": unwatched(0.005), "3 of 100": unwatched(0.03, n=0.8)},
        kind="dropped",
        fires_at=2880,
        over_at=4800,
        value="5.66%",
    ),
}
