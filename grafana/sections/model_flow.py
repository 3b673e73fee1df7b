"""How predictions and labels of a watched model come in, and what could not be watched."""

from grafana.options import PERCENT, SECONDS, SHARE, THIRD, Heading, Lines, Query, Value
from grafana.panels import Panel, row, timeseries
from grafana.sections.watched_model import CHOSEN, IN_WINDOW, OF_ALL
from prometheus import watched_models as w
from prometheus.model_measures import ENOUGH, ENOUGH_OF_A_CLASS

BY_VERSION = ["model_version"]


def panels() -> list[Panel]:
    """Ids 30–35."""
    return [
        row(30, "Predictions and labels"),
        predictions(),
        shares(),
        labels(),
        delay(),
        not_watched(),
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
