import random

from bench.incidents.client_samples import ClientSample, TelemetrySample
from bench.incidents.impact import find_impact
from tests.unit.bench.incidents.drawn import draw_samples

STEADY = [60, 58, 63, 61, 57, 62, 59, 60, 64, 58, 61, 60]
INJECTED = 60.0


def test_a_drop_of_the_hit_rate_is_an_impact_from_where_it_began() -> None:
    impact = find_impact(draw_samples([*STEADY, 60, 61, *[40] * 8]), [], INJECTED)
    assert impact and impact.objective == "hit rate"
    assert impact.at == 70
    assert impact.before > 0.58 and impact.after == 0.4


def test_noise_is_no_impact() -> None:
    for seed in range(100):
        chance = random.Random(seed)
        hits = [sum(chance.random() < 0.6 for _ in range(100)) for _ in range(42)]
        assert find_impact(draw_samples(hits), [], 150.0) is None, seed


def test_better_answers_are_no_impact() -> None:
    assert find_impact(draw_samples([*STEADY, *[80] * 8]), [], INJECTED) is None


def test_errors_are_an_impact() -> None:
    broken = [sample.model_copy(update={"failed": 5, "sent": 105}) for sample in draw_samples([60] * 20)[12:]]
    impact = find_impact([*draw_samples(STEADY), *broken], [], INJECTED)
    assert impact and impact.objective == "errors" and impact.at == INJECTED


def test_one_slow_moment_is_no_impact_but_a_slow_while_is() -> None:
    def slow(*which: int) -> list[ClientSample]:
        samples = draw_samples([60] * 24)
        return [
            sample.model_copy(update={"p95": 300.0}) if n in which else sample
            for n, sample in enumerate(samples)
        ]

    assert find_impact(slow(14, 15), [], INJECTED) is None
    impact = find_impact(slow(*range(14, 24)), [], INJECTED)
    assert impact and impact.objective == "latency" and impact.at == 70


def test_of_a_model_it_is_the_hit_rate_that_counts() -> None:
    samples = draw_samples([*STEADY, 60, 61, *[40] * 8])
    slow = [
        sample.model_copy(update={"p95": 300.0}) if sample.at > INJECTED else sample for sample in samples
    ]
    impact, of_quality = (find_impact(slow, [], INJECTED, quality=quality) for quality in (False, True))
    assert impact and impact.objective == "latency" and impact.at == INJECTED
    assert of_quality and of_quality.objective == "hit rate" and of_quality.at == 70


def test_lost_telemetry_is_an_impact_since_the_last_sample() -> None:
    measured = [
        TelemetrySample(at=t, labelled=100 + t, hits=60, age=max(0.0, t - 65)) for t in range(0, 120, 5)
    ]
    impact = find_impact(draw_samples([60] * 24), measured, INJECTED)
    assert impact and impact.objective == "telemetry" and impact.at == 65


def test_what_only_telemetry_says_counts_without_user_impact() -> None:
    measured = [
        TelemetrySample(at=5.0 * n, labelled=100 * n, hits=60 * min(n, 12) + 6 * max(0, n - 12), age=1)
        for n in range(24)
    ]
    impact = find_impact(draw_samples([60] * 24), measured, INJECTED)
    assert impact and impact.objective == "measured hit rate" and impact.at == INJECTED


def test_without_steady_time_there_is_no_telling() -> None:
    assert find_impact(draw_samples([10] * 12), [], 0.0) is None
