"""What is shown: how much of the catalogue, how popular, how different."""

from grafana.options import ORANGE, PERCENT, SCORE, WHOLE_PERCENT, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.quality import VERSION
from prometheus import limits
from prometheus import measures as m
from prometheus import queries as q
from prometheus.recorded import MEASURE_KEPT, MEASURE_USUAL

BY = ["model_version"]


def panels() -> list[Panel]:
    """Ids 50–54."""
    return [row(50, "Coverage, popularity and diversity"), coverage(), popularity(), diversity(), kept()]


def coverage() -> Panel:
    return timeseries(
        Heading(
            51,
            "Catalogue shown",
            "Share of the catalogue that each version showed at least once in 5 minutes. Good: steady at "
            "steady load; a fall means that many users get the same items.",
        ),
        [Query(q.highest(m.COVERAGE, VERSION.matcher, by=BY), "{{model_version}}")],
        PERCENT,
    )


def popularity() -> Panel:
    by = [*BY, "source"]
    return timeseries(
        Heading(
            52,
            "Popularity of what is shown",
            "Mean popularity of the items shown, as a percentile of the catalogue: 1 is the most popular. "
            f"Good: steady; an alert fires when personalised answers are {limits.MORE_POPULAR:g} above what "
            "is usual. Popular answers are always near 1.",
        ),
        [
            Query(q.mean(m.POPULARITY, VERSION.matcher, by=by), "{{model_version}} {{source}}"),
            Query(
                q.highest(MEASURE_USUAL, 'measure="popularity"', VERSION.matcher, by=BY),
                "{{model_version}} usually",
            ),
        ],
        Value("none", decimals=3, maximum=1),
    )


def diversity() -> Panel:
    return timeseries(
        Heading(
            53,
            "Diversity of an answer",
            "How much the items within an answer differ: the mean of 1 minus their cosine similarity. "
            "Good: steady; near 0 all items of an answer are alike.",
        ),
        [Query(q.mean(m.DIVERSITY, VERSION.matcher, by=BY), "{{model_version}}")],
        SCORE,
    )


def kept() -> Panel:
    of = q.one_of("measure", ["coverage", "diversity", "popularity"])
    return timeseries(
        Heading(
            54,
            "What is shown, against its past",
            "Coverage, diversity and popularity of each version, divided by their medians over the "
            f"baseline's period. Good: near 100%; below the dashed line, {limits.COVERAGE_KEPT:.0%}, an "
            "alert fires, unless there are also fewer requests.",
        ),
        [
            Query(
                q.lowest(MEASURE_KEPT, of, VERSION.matcher, by=["measure", *BY]),
                "{{measure}} {{model_version}}",
            )
        ],
        WHOLE_PERCENT,
        Lines(steps=[(limits.COVERAGE_KEPT, ORANGE)]),
    )
