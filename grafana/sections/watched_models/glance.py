"""All watched models at a glance: one line for each version, and how they do over time."""

from config import Config
from grafana import links
from grafana.options import (
    BLUE,
    COUNT,
    ORANGE,
    PERCENT,
    PLAIN_LINES,
    RED,
    THIRD,
    WHOLE_PERCENT,
    Heading,
    Levels,
    Lines,
    Query,
    Size,
    Value,
)
from grafana.panels import Panel, row, stat, timeseries
from grafana.sections.watched_models.summary import COLORS, MAIN, MEANING
from grafana.shapes import Column, Sort, table
from prometheus import queries as q
from prometheus.models import watched as w
from prometheus.models.samples import LONG, SHORT
from prometheus.series.models import MODEL
from prometheus.series.recorded import DRIFTED, MAIN_MEASURE, MAIN_MEASURE_KEPT, WORST_FAULT

LEGEND = "{{model_name}} {{model_version}} in {{service_name}}"
OVER_AN_HOUR = (w.EVERYBODY, f'window="{LONG}"')
OVER_TEN_MINUTES = (w.EVERYBODY, f'window="{SHORT}"')


def _model(field: str) -> links.Link:
    chosen = {label: f"${{__{field}.{label}}}" for label in MODEL}
    return links.dashboard("Model", links.MODEL, **chosen)


OF_ROW, OF_LINE = _model("data.fields"), _model("field.labels")


def numbers() -> list[Panel]:
    """All of them at a glance. Ids 1–6."""
    return [
        _number(
            1,
            "Models",
            "Versions of models that services watch with whence_monitor. Good: those that you know of.",
            f"count ({w.known()})",
            Levels(BLUE),
        ),
        _number(
            2,
            "With alerts",
            "Versions of which an alert fires, as far as Prometheus evaluates the alerts. Good: 0.",
            f"count ({w.firing()} > 0)",
            Levels(steps=[(1, RED)]),
        ),
        _number(
            3,
            "Worse",
            "Versions whose main measure has less of what is usual than whence.yaml allows. Good: 0.",
            f"count ({w.worse()})",
            Levels(steps=[(1, ORANGE)]),
        ),
        _number(
            4,
            "Drifting",
            "Versions with features that drift. Good: 0.",
            f"count ({q.select(DRIFTED)} > 0)",
            Levels(steps=[(1, ORANGE)]),
        ),
        _number(
            5,
            "Faulty values",
            "Versions of which more values of a feature are faulty than whence.yaml allows. Good: 0.",
            f"count ({w.too_faulty()})",
            Levels(steps=[(1, ORANGE)]),
        ),
        _number(
            6,
            "Without labels",
            "Versions with too few labels to know their quality. Good: 0, or those that never get any.",
            f"count ({w.known()} unless on ({', '.join(MODEL)}) {q.select(MAIN_MEASURE)})",
            Levels(BLUE),
        ),
    ]


def every_model(config: Config) -> Panel:
    """Id 10."""
    near_usual = [(0, ORANGE), (config.watched_models.kept, "text")]
    return table(
        Heading(
            10,
            "Models and their versions",
            f"A line for each version. {MEANING} Measure: {MAIN}; over 10 minutes, or an hour if these have "
            "too few labels. Usual: the measure by its median over the last day or hour, errors the other "
            "way round. Labels: by predictions, over an hour. Faulty: the worst feature, without the share "
            "that is faulty in the reference, too. Good: OK in all "
            "lines; click a model for its dashboard.",
        ),
        [*map(Query, w.glance().values())],
        [
            Column("state", "State", states={name: COLORS[w.STATES[name]] for name in w.STATES}, width=115),
            Column("service_name", "Service", data_links=[OF_ROW]),
            Column("model_name", "Model", data_links=[OF_ROW]),
            Column("model_version", "Version", data_links=[OF_ROW], width=100),
            Column("task", "Task", width=90),
            Column("Value #C", "Predictions", unit="ops", decimals=2, width=100),
            Column("Value #D", "Labels", unit="percentunit", decimals=0, width=65),
            Column("measure", "Measure", width=75),
            Column("Value #E", "Now", decimals=3, width=60),
            Column("Value #F", "Usual", unit="percentunit", decimals=0, steps=near_usual, width=60),
            Column("Value #G", "Drifted", decimals=0, steps=[(1, ORANGE)], width=70),
            Column("feature", "Faulty", width=90),
            Column("kind", "How", width=95),
            Column(
                "Value #H",
                "Share",
                unit="percentunit",
                decimals=1,
                steps=[(0.01, ORANGE)],
                width=60,
            ),
            Column("Value #I", "Alerts", decimals=0, steps=[(1, RED)], width=65),
        ],
        Sort("Service"),
        hidden=["Value #A", "Value #B", "Value #J"],
        size=Size(24, 10),
    )


def over_time(config: Config) -> list[Panel]:
    """Ids 20–26."""
    least = config.watched_models.kept
    return [
        row(20, "Over time"),
        _trend(
            21,
            "Main measure against usual",
            "The main measure of each version by its median over the last day, or hour; errors the other way "
            f"round. Good: near 100%; the dashed line, {least:.0%}, is the least that whence.yaml allows.",
            q.lowest(MAIN_MEASURE_KEPT, by=MODEL),
            WHOLE_PERCENT,
            Lines(steps=[(least, ORANGE)]),
            no_value="Too few labels, or half an hour is not known yet",
        ),
        _trend(
            22,
            "Drifted features",
            "Features of each version that drift from the reference. Good: 0.",
            q.highest(DRIFTED, by=MODEL),
            COUNT,
        ),
        _trend(
            23,
            "Worst faulty values",
            "The largest share of faulty values of a feature of each version, beyond that of the reference. "
            "Good: 0%.",
            q.or_zero(q.highest(WORST_FAULT, by=MODEL), w.known()),
            PERCENT,
        ),
        _trend(
            24,
            "Predictions by model",
            "Predictions per second of each version, over 10 minutes. Good: as usual at this hour.",
            w.measure(["predictions"], *OVER_TEN_MINUTES, by=MODEL),
            Value("ops", decimals=2),
        ),
        _trend(
            25,
            "Labels by model",
            "Labels of each version by its predictions, over an hour. Good: steady; a fall means that "
            "quality is not known.",
            w.measure(["label_coverage"], *OVER_AN_HOUR, by=MODEL),
            PERCENT,
            no_value="No labels, or too few predictions",
        ),
        _trend(
            26,
            "Alerts by model",
            "Alerts that fire of each version, as far as Prometheus evaluates them. Good: 0.",
            w.firing(),
            COUNT,
        ),
    ]


def _number(id: int, title: str, description: str, expr: str, levels: Levels) -> Panel:
    query = Query(q.or_zero(expr))
    return stat(Heading(id, title, description), query, COUNT, levels)


def _trend(
    id: int,
    title: str,
    description: str,
    expr: str,
    value: Value,
    lines: Lines = PLAIN_LINES,
    no_value: str = "No model is watched",
) -> Panel:
    heading = Heading(id, title, description)
    return timeseries(
        heading, [Query(expr, LEGEND)], value, lines, no_value=no_value, data_links=[OF_LINE], size=THIRD
    )
