"""The figures as tables and as JSON."""

from dataclasses import asdict
from statistics import median
from typing import Any

from rich.table import Table

from bench.overhead.measurement import Sample, Samples
from bench.overhead.variants import App, Variant

AIMS = {
    App.NOTHING: {Variant.OURS: 1 / 3, Variant.FAST: 1 / 8},
    App.RECOMMENDATIONS: {Variant.OURS: 1 / 2, Variant.FAST: 1 / 8},
}
"""What ours may add, saturated, as a share of what the stock instrumentation with its defaults does."""
STOCK = Variant.INSTRUMENTOR


def cost(samples: Samples, variant: Variant) -> float:
    """What a variant adds to a request, in µs of CPU: the median over rounds of its difference to `off`."""
    rounds = zip(samples[variant], samples[Variant.OFF], strict=True)
    return median(sample.cpu - off.cpu for sample, off in rounds)


def ratio(samples: Samples, other: Variant, ours: Variant = Variant.OURS) -> float:
    """Our added CPU over the other's, from the medians; infinite if the other adds nothing."""
    theirs = cost(samples, other)
    return cost(samples, ours) / theirs if theirs > 0 else float("inf")


def missed(app: App, samples: Samples) -> list[Variant]:
    """The variants of ours that add more than they may."""
    return [ours for ours, aim in AIMS[app].items() if ratio(samples, STOCK, ours) > aim]


def judge(app: App, samples: Samples) -> str:
    """A line for each aim: what was measured, what it should be at most, and whether it is."""
    failed = missed(app, samples)
    return "\n".join(
        f"{ours} adds {ratio(samples, STOCK, ours):.2f} of what {STOCK} does, aim {aim:.2f}: "
        f"{'FAIL' if ours in failed else 'pass'}"
        for ours, aim in AIMS[app].items()
    )


def delay(samples: Samples, variant: Variant) -> float:
    """What a variant adds to the 95th percentile of latency: the median over rounds of its share of `off`."""
    rounds = zip(samples[variant], samples[Variant.OFF], strict=True)
    return median(sample.p95 / off.p95 - 1 for sample, off in rounds)


def tabulate(title: str, samples: Samples) -> Table:
    """One row per variant, medians over the rounds; CPU per request, and ours as a share of what it adds."""
    table = Table(title=title, title_justify="left")
    table.add_column("variant", no_wrap=True)
    for heading in (
        "CPU µs",
        "added",
        "ours",
        "req/s",
        "p50 ms",
        "p95 ms",
        "p95 +",
        "failed",
    ):
        table.add_column(heading, justify="right")
    for variant, runs in samples.items():
        table.add_row(
            variant,
            f"{_median(runs, 'cpu'):.0f}",
            "" if variant is Variant.OFF else f"{cost(samples, variant):.0f}",
            "" if variant in (Variant.OFF, Variant.OURS) else f"1/{1 / ratio(samples, variant):.1f}",
            f"{_median(runs, 'throughput'):.0f}",
            f"{_median(runs, 'p50'):.2f}",
            f"{_median(runs, 'p95'):.2f}",
            "" if variant is Variant.OFF else f"{delay(samples, variant):+.1%}",
            str(sum(run.failures for run in runs)),
        )
    return table


def summarise(samples: Samples) -> dict[str, Any]:
    """The same figures, and every round's."""
    return {
        variant.value: {
            "added_cpu_us": cost(samples, variant),
            "added_p95": delay(samples, variant),
            "median": {name: _median(runs, name) for name in asdict(runs[0])},
            "rounds": [asdict(run) for run in runs],
        }
        for variant, runs in samples.items()
    }


def _median(runs: list[Sample], name: str) -> float:
    return float(median(getattr(run, name) for run in runs))
