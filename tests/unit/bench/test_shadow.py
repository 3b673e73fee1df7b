"""What the benchmark of the shadow concludes from its rounds."""

from bench.shadow import Sample, conclude


def rounds(*p95: float) -> list[Sample]:
    return [Sample(cpu=2_000, p50=5, p95=each, failures=0) for each in p95]


def test_the_median_round_decides_whether_users_would_notice() -> None:
    samples = {0.0: rounds(10, 20, 10), 10.0: rounds(10.2, 20, 30), 100.0: rounds(10.4, 21, 10)}
    assert list(conclude(samples)) == [
        "10% in the shadow: the 95th percentile is within 3% of that without.",
        "100% in the shadow: the 95th percentile is NOT within 3% of that without.",
    ]
