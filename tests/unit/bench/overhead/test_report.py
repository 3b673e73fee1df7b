"""What telemetry costs, from rounds whose answer is known."""

import math

import pytest

from bench.overhead.measurement import Sample, Samples
from bench.overhead.report import cost, delay, judge, missed, ratio
from bench.overhead.variants import App, Variant


def run(cpu: float, p95: float = 10.0) -> Sample:
    return Sample(cpu=cpu, throughput=1000, p50=5, p95=p95, failures=0)


def draw(ours: float, native: float) -> Samples:
    """Three rounds on a machine that becomes busier: what is added stays, what there was does not."""
    bases = (100.0, 300.0, 200.0)
    added = {Variant.OFF: 0.0, Variant.OURS: ours, Variant.NATIVE: native}
    return {variant: [run(base + more, 10 + more / 50) for base in bases] for variant, more in added.items()}


def test_cost_is_what_a_variant_adds_round_by_round() -> None:
    samples = draw(ours=50, native=400)
    assert cost(samples, Variant.OURS) == pytest.approx(50)
    assert cost(samples, Variant.NATIVE) == pytest.approx(400)
    assert cost(samples, Variant.OFF) == 0


def test_the_ratio_is_ours_over_the_others_and_delay_a_share_of_none() -> None:
    samples = draw(ours=50, native=400)
    assert ratio(samples, Variant.NATIVE) == pytest.approx(1 / 8)
    assert math.isinf(ratio(draw(ours=50, native=0), Variant.NATIVE))
    assert delay(samples, Variant.OURS) == pytest.approx(0.1)


def test_one_odd_round_does_not_decide() -> None:
    samples = draw(ours=50, native=400)
    samples[Variant.OURS][1] = run(cpu=9_000)
    assert cost(samples, Variant.OURS) == pytest.approx(50)


@pytest.mark.parametrize(
    ("app", "ours", "fast", "verdicts"),
    [
        (App.NOTHING, 263, 124, ["pass", "pass"]),
        (App.NOTHING, 400, 124, ["FAIL", "pass"]),
        (App.RECOMMENDATIONS, 400, 150, ["pass", "FAIL"]),
        (App.RECOMMENDATIONS, 840, 150, ["FAIL", "FAIL"]),
    ],
)
def test_each_aim_is_judged_against_the_stock_instrumentation(
    app: App, ours: float, fast: float, verdicts: list[str]
) -> None:
    samples = draw(ours=ours, native=900)
    for variant, added in ((Variant.FAST, fast), (Variant.INSTRUMENTOR, 1083)):
        samples[variant] = [run(off.cpu + added) for off in samples[Variant.OFF]]
    assert [line.split(": ")[1] for line in judge(app, samples).splitlines()] == verdicts
    assert len(missed(app, samples)) == verdicts.count("FAIL")


def test_an_aim_that_cannot_be_judged_is_missed() -> None:
    samples = draw(ours=50, native=400)
    samples |= {variant: samples[Variant.OFF] for variant in (Variant.FAST, Variant.INSTRUMENTOR)}
    assert Variant.OURS in missed(App.NOTHING, samples)
