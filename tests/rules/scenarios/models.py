"""Quality of models that services watch with whence_monitor: its counters through the recording rules."""

from prometheus.models.items import BUCKETS, REGISTERS
from tests.rules.promtool import counter, gauge
from tests.rules.scenarios.scenario import Scenario, Series

CALM, TROUBLE, AFTER = 2700, 1200, 1800
WHOLE = CALM + TROUBLE + AFTER
MODEL = {"service_name": "checkout", "model_name": "fraud", "model_version": "7"}
Pair = tuple[float, float]
"""Before and after the trouble, and during it."""
ANY_VERSION = {name: MODEL[name] for name in ("service_name", "model_name")}


def named(name: str, **labels: str) -> str:
    matchers = ", ".join(f'{key}="{value}"' for key, value in (MODEL | labels).items())
    return f"{name}{{{matchers}}}"


def counted(name: str, before: float, during: float, trouble: int = TROUBLE, /, **labels: str) -> Series:
    """A counter's increase in 10 seconds, before and after the trouble, and during it."""
    phases = (CALM, before), (trouble, during), (WHOLE - CALM - trouble, before)
    return {named(name, **labels): counter(*phases)}


def known(task: str = "ranking", **labels: str) -> Series:
    return {named("model_info", task=task, **labels): gauge((WHOLE, 1))}


def labelled(before: float, during: float, /, **labels: str) -> Series:
    return counted("model_labels_total", before, during, **labels)


def ranked(before: float, during: float, n: float = 50, trouble: int = TROUBLE, **labels: str) -> Series:
    """Rankings, n of them judged in 10 seconds, and the shares of them that were hits."""
    hits = counted("model_quality_total", n * before, n * during, trouble, quantity="hits", **labels)
    judged = counted("model_quality_total", n, n, quantity="judged", **labels)
    version = known(model_version=labels.get("model_version", MODEL["model_version"]))
    return {**version, **hits, **judged, **labelled(n, n, **labels)}


def segments(before: float, during: float, n: float = 50) -> Series:
    """Two segments, of which the new one changes."""
    return {**ranked(0.6, 0.6, n, segment="old"), **ranked(before, during, n, segment="new")}


def precise(before: float, during: float, n: float = 50) -> Series:
    """The precision of both, of which that of the new one changes."""
    calm = counted("model_quality_total", n * before, n * before, quantity="precision", segment="old")
    changed = counted("model_quality_total", n * before, n * during, quantity="precision", segment="new")
    return {**calm, **changed}


def versions(
    during: float, n: float = 50, trouble: int = TROUBLE, others: float = 50, later: float = 50
) -> Series:
    """Two versions, of which the later one changes, and what they predict: it changes for that one, too."""
    return {
        **ranked(0.6, 0.6, n),
        **ranked(0.6, during, n, trouble, model_version="8"),
        **counted("model_predictions_total", others, others),
        named("model_predictions_total", model_version="8"): counter((CALM, 50), (WHOLE - CALM, later)),
    }


def missed(over: Pair, under: Pair, n: float = 50) -> Series:
    """Errors of a regressor in 10 seconds, before and during the trouble: sums of those above and below."""
    sums = (("error_over", over), ("error_under", under), ("judged", (n, n)))
    return {
        **known("regression"),
        **labelled(n, n),
        **{
            name: values
            for quantity, (before, during) in sums
            for name, values in counted("model_quality_total", before, during, quantity=quantity).items()
        },
    }


def explained(before: float, during: float, n: float = 50) -> Series:
    """Squared errors of a regressor, by the variance of the truth: 1 explains nothing."""
    constant = {"judged": n, "truth_over": 0.4 * n, "truth_under": 0.4 * n, "truth_squared": n}
    found: dict[str, str] = {**known("regression"), **labelled(n, n)}
    for quantity, value in constant.items():
        found |= counted("model_quality_total", value, value, quantity=quantity)
    return {**found, **counted("model_quality_total", n * before, n * during, quantity="error_squared")}


def found(recall: Pair, n: float = 50, wrong: Pair = (0.1, 0.1)) -> Series:
    """A classifier: what it finds of class 1 in segment `new`, and how often it is wrong about the rest."""
    series: dict[str, str] = {**known("binary")}
    for segment, (before, during), (fp_before, fp_during) in (
        ("old", (0.8, 0.8), (0.1, 0.1)),
        ("new", recall, wrong),
    ):
        positive = {"tp": (n * before, n * during), "fn": (n * (1 - before), n * (1 - during))}
        negative = {"tp": (n * (1 - fp_before), n * (1 - fp_during)), "fn": (n * fp_before, n * fp_during)}
        for name, outcomes in (
            ("1", positive | {"fp": negative["fn"]}),
            ("0", negative | {"fp": positive["fn"]}),
        ):
            for outcome, (calm, trouble) in outcomes.items():
                of = {"segment": segment, "class": name, "outcome": outcome}
                series |= counted("model_outcomes_total", calm, trouble, **of)
        series |= labelled(2 * n, 2 * n, segment=segment)
    return series


def probable(came_true: float, n: float = 50, trouble: int = TROUBLE) -> Series:
    """Probabilities of 0.3, and how often they come true during the trouble."""
    brier = 0.21 * n
    return {
        **known("binary"),
        **labelled(n, n),
        **counted("model_score_labels_total", 0.3 * n, came_true * n, trouble, bin="0.3", came_true="yes"),
        **counted(
            "model_score_labels_total", 0.7 * n, (1 - came_true) * n, trouble, bin="0.3", came_true="no"
        ),
        **counted("model_score_expected_total", 0.3 * n, 0.3 * n, bin="0.3"),
        **counted("model_quality_total", brier, brier, quantity="brier"),
        **counted("model_quality_total", n, n, quantity="scored"),
    }


def drifted(during: float, trouble: int = TROUBLE) -> Series:
    """Page and Hinkley's test of a model's errors."""
    phases = (CALM, 0), (trouble, during), (WHOLE - CALM - trouble, 0)
    return {**known("binary"), named("model_concept_drift"): gauge(*phases)}


def trained(during: float, n: float = 50) -> Series:
    """Rankings of a model that had a hit rate of 0.6 on its reference."""
    return {
        **ranked(0.6, during, n),
        named("model_reference_quality", measure="hit_rate"): gauge((WHOLE, 0.6)),
    }


def estimated(during: float, margin: float = 0.03) -> Series:
    """An accuracy of 0.9 by labels that are late, and what is estimated meanwhile."""
    of = {"segment": "all", "window": "10m", "measure": "accuracy"}
    phases = (CALM, 0.9), (TROUBLE, during), (AFTER, 0.9)
    return {
        **known("binary"),
        named("model:measure:now", **of): gauge((WHOLE, 0.9)),
        named("model:measure:estimate", **of): gauge(*phases),
        named("model:measure:estimate_margin", **of): gauge((WHOLE, margin)),
    }


def repeated(during: float, kind: str, at_margin: float = 0.1, n: float = 50) -> Series:
    """Shares of requests that are like one before, and of scores at the threshold: usually a tenth each."""
    return {
        **known("binary"),
        **counted("model_predictions_total", n, n),
        **counted("model_requests_repeated_total", 0.1 * n, during * n, kind=kind),
        **counted("model_scores_margin_total", 0.1 * n, at_margin * n),
    }


def shown(items: Pair, popularity: Pair = (0.5, 0.5), predictions: Pair = (50, 50)) -> Series:
    """What a ranker shows, before and during the trouble: different items, and how popular they are.

    Each prediction shows one; an item is in a bucket of its own, and in a register of its own.
    """
    series: dict[str, str] = {**known(), **counted("model_predictions_total", *predictions)}
    for place in range(REGISTERS):
        levels = ((CALM, items[0]), (TROUBLE, items[1]), (AFTER, items[0]))
        bits = gauge(*((seconds, float(place < number)) for seconds, number in levels))
        series[named("model_items_register", register=f"{place:03}")] = bits
    for place in range(BUCKETS):
        shares = [n * (place < number) / number for n, number in zip(predictions, items, strict=True)]
        series |= counted("model_items_spread_total", shares[0], shares[1], bin=f"{place:02}")
    for name, sign in (("01", -1), ("10", 1)):
        before, during = (
            n * (0.5 + sign * (p - 0.5) / 0.9) for n, p in zip(predictions, popularity, strict=True)
        )
        series |= counted("model_items_shown_total", before, during, bin=name)
    return series


def scenario(
    breach: Series,
    quiet: dict[str, Series],
    fires_at: int,
    over_at: int,
    value: str,
    worst: str = "",
    **labels: str,
) -> Scenario:
    """Of one model, and labels of its alert beside the model's."""
    return Scenario(
        breach=breach,
        fires_at=fires_at,
        over_at=over_at,
        value=value,
        worst=worst,
        labels={**MODEL, **labels},
        quiet=quiet,
        quiet_for=WHOLE - 60,
    )


SCENARIOS = {
    "model-quality-dropped": scenario(
        ranked(0.6, 0.4),
        {
            "a twentieth worse": ranked(0.6, 0.57),
            "half of it for a minute": ranked(0.6, 0.3, trouble=60),
            "a quarter worse for ten minutes, which is chance with 100 labels": ranked(
                0.6, 0.45, n=1.7, trouble=600
            ),
            "few": ranked(0.6, 0.1, n=0.15),
            "better": ranked(0.4, 0.6, trouble=600),
            "errors of a regressor vary": missed((25, 27), (25, 27)),
        },
        fires_at=3000,
        over_at=4620,
        value="16.95%",
        measure="hit_rate",
    ),
    "model-segment-dropped": scenario(
        segments(0.6, 0.4),
        {"a twentieth worse": segments(0.6, 0.57), "few": segments(0.6, 0.1, n=0.15)},
        fires_at=3000,
        over_at=4620,
        value="16.95%",
        worst="hit_rate",
        segment="new",
    ),
    "model-version-behind": scenario(
        versions(0.4),
        {
            "a twentieth worse": versions(0.57),
            "a quarter worse for ten minutes, which is chance with 100 labels": versions(
                0.45, n=1.7, trouble=600
            ),
            "alone": ranked(0.6, 0.3),
            "the usual version beside a better one": versions(0.4, others=20),
            "a version that predicts no more": versions(0.4, later=0),
        },
        fires_at=3000,
        over_at=4800,
        value="16.95%",
        measure="hit_rate",
        model_version="8",
    ),
    "model-segment-behind": scenario(
        {**segments(0.6, 0.1), **precise(0.3, 0.07)},
        {"a third worse": segments(0.4, 0.4), "few": segments(0.6, 0.1, n=0.15)},
        fires_at=3300,
        over_at=4320,
        value="71.43%",
        worst="hit_rate",
        segment="new",
    ),
    "model-opportunity-unequal": scenario(
        found((0.8, 0.5)),
        {"an eighth worse": found((0.8, 0.7)), "few": found((0.8, 0.5), n=0.15)},
        fires_at=3180,
        over_at=4500,
        value="30.51%",
        segment="new",
    ),
    "model-parity-lost": scenario(
        found((0.8, 0.5), wrong=(0.1, 0)),
        {"an eighth worse": found((0.8, 0.7)), "few": found((0.8, 0.5), n=0.15)},
        fires_at=3120,
        over_at=4560,
        value="31.64%",
        segment="new",
    ),
    "model-beyond-limit": scenario(
        explained(0.5, 1.5),
        {"explains little": explained(0.5, 0.95), "few": explained(0.5, 1.5, n=0.15)},
        measure="r2",
        fires_at=3180,
        over_at=4500,
        value="0.314",
    ),
    "model-calibration-off": scenario(
        breach=probable(0.5),
        fires_at=3000,
        over_at=4680,
        value="9.502%",
        quiet={"off by 4%": probable(0.34), "off by 8% of 100": probable(0.38, n=1.7, trouble=600)},
    ),
    "model-errors-one-sided": scenario(
        breach=missed((25, 75), (25, 5)),
        fires_at=3120,
        over_at=4560,
        value="69.83%",
        quiet={
            "always above": missed((50, 50), (1, 1)),
            "twice as large on both sides": missed((25, 50), (25, 50)),
            "a little more above": missed((25, 35), (25, 25)),
        },
    ),
    "model-concept-drift": scenario(
        drifted(1.4),
        {"nearly": drifted(0.95), "for a minute": drifted(1.4, trouble=60)},
        fires_at=2820,
        over_at=4200,
        value="1.4",
    ),
    "model-worse-than-trained": scenario(
        trained(0.4),
        {"a twentieth worse": trained(0.57), "few": trained(0.1, n=0.15), "not known": ranked(0.6, 0.4)},
        fires_at=3000,
        over_at=4800,
        value="16.95%",
        measure="hit_rate",
    ),
    "model-estimate-lower": scenario(
        estimated(0.7),
        {"a twentieth worse": estimated(0.86), "within its margin": estimated(0.7, margin=0.25)},
        fires_at=2820,
        over_at=4200,
        value="22.22%",
        measure="accuracy",
    ),
    "model-requests-repeated": scenario(
        repeated(0.4, "exact"),
        {"some more": repeated(0.15, "exact"), "nearly": repeated(0.4, "near")},
        fires_at=3060,
        over_at=4620,
        value="18.31%",
    ),
    "model-boundary-probed": scenario(
        repeated(0.4, "near", at_margin=0.3),
        {"anywhere": repeated(0.4, "near"), "at the threshold, not alike": repeated(0.1, "near", 0.3)},
        fires_at=3060,
        over_at=4620,
        value="18.31%",
    ),
    "model-coverage-fell": scenario(
        shown((60, 30)),
        {"some fewer": shown((60, 52)), "of fewer predictions": shown((60, 30), predictions=(50, 20))},
        fires_at=3420,
        over_at=4200,
        value="42.22%",
    ),
    "model-diversity-fell": scenario(
        shown((40, 10)),
        {"some fewer": shown((40, 37)), "of fewer predictions": shown((64, 64), predictions=(50, 20))},
        fires_at=3000,
        over_at=4680,
        value="31.81%",
    ),
    "model-popularity-rose": scenario(
        shown((40, 40), (0.5, 0.6)),
        {"a little": shown((40, 40), (0.5, 0.53)), "less popular": shown((40, 40), (0.5, 0.3))},
        fires_at=3120,
        over_at=4500,
        value="0.0712",
    ),
}
