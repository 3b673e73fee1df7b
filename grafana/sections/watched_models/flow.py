"""How predictions and labels of a watched model come in, and what could not be watched."""

from grafana.options import PERCENT, SECONDS, SHARE, THIRD, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.watched_models.summary import CHOSEN, IN_WINDOW, OF_ALL
from prometheus.models import watched as w
from prometheus.models.measures import ENOUGH, ENOUGH_OF_A_CLASS, TAIL

BY_VERSION = ["model_version"]


def panels() -> list[Panel]:
    """Ids 30–38."""
    return [
        row(30, "Predictions and labels"),
        predictions(),
        shares(),
        labels(),
        delay(),
        not_watched(),
        latency(),
        cost(),
        age(),
    ]


def predictions() -> Panel:
    return timeseries(
        Heading(31, "Predictions", "Predictions per second, by version. Good: as usual at this hour."),
        [Query(w.measure(["predictions"], *OF_ALL, by=BY_VERSION), "{{model_version}}")],
        Value("ops", decimals=2),
        Lines(stacked=True),
        no_value="No predictions in the window",
        size=THIRD,
    )


def shares() -> Panel:
    return timeseries(
        Heading(
            32,
            "Segments' share",
            "How predictions are divided among segments. Good: steady; with another mix, quality changes "
            "though no segment's does.",
        ),
        [Query(w.measure(["segment_share"], *IN_WINDOW, by=["segment"]), "{{segment}}")],
        SHARE,
        Lines(stacked=True),
        no_value="The model has no segments",
        size=THIRD,
    )


def labels() -> Panel:
    return timeseries(
        Heading(
            33,
            "Labels",
            "Labels that became known in the window, by its predictions. Good: steady; a fall means that "
            f"labels are late or lost, and quality is not known. Of {ENOUGH} predictions or more.",
        ),
        [Query(w.measure(["label_coverage"], *OF_ALL, by=BY_VERSION), "{{model_version}}")],
        PERCENT,
        no_value=f"Fewer than {ENOUGH} predictions in the window, or no labels",
        size=THIRD,
    )


def delay() -> Panel:
    return timeseries(
        Heading(
            34,
            "Label delay",
            "Median time from a prediction until its label is known. Good: steady; a rise comes before a "
            "fall of the labels.",
        ),
        [Query(w.measure(["label_delay"], *OF_ALL, by=BY_VERSION), "{{model_version}}")],
        SECONDS,
        no_value=f"Fewer than {ENOUGH_OF_A_CLASS} labels in the window",
    )


def not_watched() -> Panel:
    return timeseries(
        Heading(
            35,
            "What is not watched",
            "Per second, what the monitor could not watch, by kind: labels of unknown predictions, values "
            "and features that the reference does not know, what did not fit into its queue. Good: 0; the "
            "service's log names the first of each kind.",
        ),
        [Query(w.problems(*CHOSEN), "{{kind}}")],
        Value("ops", decimals=2),
    )


def latency() -> Panel:
    return timeseries(
        Heading(
            36,
            "Latency",
            f"The {TAIL:.0%} fastest predictions took less, by version. Good: as usual, in all versions.",
        ),
        [Query(w.measure(["latency"], *OF_ALL, by=BY_VERSION), "{{model_version}}")],
        SECONDS,
        no_value="The service does not tell it (latency), or too few",
        size=THIRD,
    )


def cost() -> Panel:
    return timeseries(
        Heading(
            37,
            "Cost per prediction",
            "In the unit of the service, by version. Good: as usual, and worth the quality.",
        ),
        [Query(w.measure(["cost"], *OF_ALL, by=BY_VERSION), "{{model_version}}")],
        Value("short", decimals=4),
        no_value="The service does not tell it (cost)",
        size=THIRD,
    )


def age() -> Panel:
    return timeseries(
        Heading(
            38,
            "Age of features",
            f"Those of {TAIL:.0%} of predictions were younger, by version. Good: as usual; a line that rises "
            "by a second each second says that they are no longer made.",
        ),
        [Query(w.measure(["feature_age"], *OF_ALL, by=BY_VERSION), "{{model_version}}")],
        SECONDS,
        no_value="The service does not tell it (features_at), or too few",
        size=THIRD,
    )
