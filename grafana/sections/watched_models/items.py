"""What a watched ranker shows."""

from grafana.options import COUNT, SHARE, Heading, Query
from grafana.panels import Panel, row, timeseries
from grafana.sections.watched_models.summary import OF_ALL
from prometheus.models import watched as w

NO_RANKER = "Only of rankers"
LEGEND = "{{measure}} {{model_version}}"


def panels() -> list[Panel]:
    """Ids 40–42."""
    return [row(40, "Items: of rankers"), shown(), popularity()]


def shown() -> Panel:
    return timeseries(
        Heading(
            41,
            "Items shown",
            "Coverage: different items shown in the window, within 9%. Diversity: so many items, shown "
            "equally often, would be as even, within 18%; it falls when a few items take the place of many. "
            "Good: steady at steady predictions.",
        ),
        [Query(w.measure(["coverage", "diversity"], *OF_ALL, by=["measure", "model_version"]), LEGEND)],
        COUNT,
        no_value=NO_RANKER,
    )


def popularity() -> Panel:
    return timeseries(
        Heading(
            42,
            "Popularity of items",
            "Mean popularity of shown items in the reference: 0% the least popular, 100% the most. Good: "
            "steady; a rise means that a list of popular items answers more often, or a model like it.",
        ),
        [Query(w.measure(["popularity"], *OF_ALL, by=["measure", "model_version"]), LEGEND)],
        SHARE,
        no_value=f"{NO_RANKER} whose reference has items in order of their popularity",
    )
