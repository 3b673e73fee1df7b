"""Panel types that are rendered here, as the model of Grafana's format reads them."""

from typing import Any

import pytest

from config import Config
from grafana import links
from grafana.model import Dashboard
from grafana.model.panels import Bars, Columns, NodeGraph, Table, Timeline
from grafana.model.tables import Organize, Sorted
from grafana.options import ORANGE, RED, SHARE, THIRD, Heading, Levels, Query
from grafana.panels import Page, dashboard
from grafana.shapes import Column, Sort, bars, columns, node_graph, table, timeline

HEADING = Heading(1, "Parts", "What it shows. Good: nothing in red.")


def rendered(panel: Any) -> Any:
    content = dashboard(Page("some", "Some", "Some panels.", tags=["some"]), [panel], Config())
    (found,) = Dashboard.model_validate(content).panels
    return found


def make_table(queries: int) -> Any:
    value = "Value" if queries == 1 else "Value #A"
    columns = [
        Column(
            "job",
            "Part",
            width=90,
            states={"collector": ORANGE},
            data_links=[links.inbox("Incidents", Config())],
        ),
        Column(value, "Load", unit="reqps", decimals=1, steps=[(1, RED)]),
    ]
    asked = [Query(f"sum by (job) (x{index})") for index in range(queries)]
    return table(HEADING, asked, columns, Sort("Part", falling=True), hidden=["Value #B"])


def test_a_table_shows_its_columns_in_order_under_their_titles() -> None:
    found = rendered(make_table(1))
    assert isinstance(found, Table)
    (organize,) = found.transformations
    assert isinstance(organize, Organize)
    assert organize.options.indexByName == {"job": 0, "Value": 1}
    assert organize.options.renameByName == {"job": "Part", "Value": "Load"}
    assert set(organize.options.excludeByName) == {"Time", "Value #B"}
    assert [(target.format, target.instant) for target in found.targets] == [("table", True)]
    assert [(sort.displayName, sort.desc) for sort in found.options.sortBy] == [("Part", True)]


def test_the_results_of_several_queries_are_merged_first() -> None:
    found = rendered(make_table(2))
    assert [transformation.id for transformation in found.transformations] == ["merge", "organize"]


def test_a_column_has_its_own_unit_limits_colours_and_links() -> None:
    part, load = rendered(make_table(1)).fieldConfig.overrides
    assert (part.matcher.options, load.matcher.options) == ("Part", "Load")
    assert [change.id for change in part.properties] == [
        "mappings",
        "custom.cellOptions",
        "custom.width",
        "links",
    ]
    assert [change.id for change in load.properties] == [
        "unit",
        "decimals",
        "thresholds",
        "custom.cellOptions",
    ]


def test_a_column_like_all_others_needs_no_override() -> None:
    plain = table(HEADING, [Query("up")], [Column("job", "Part")], Sort("Part"))
    assert rendered(plain).fieldConfig.overrides == []


def test_a_table_cannot_be_sorted_by_what_it_does_not_show() -> None:
    wrong = table(HEADING, [Query("up")], [Column("job", "Part")], Sort("Load"))
    with pytest.raises(ValueError, match="cannot sort by 'Load', which is no column"):
        rendered(wrong)


def make_graph() -> Any:
    link = links.inbox("Incidents", Config())
    return node_graph(HEADING, Query("x"), Query("y"), "req/s", "% failed", data_links=[link])


def test_a_node_graph_joins_the_series_of_either_query_to_a_frame_with_the_fields_that_grafana_reads() -> (
    None
):
    """By their names: https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/node-graph/."""
    found = rendered(make_graph())
    assert isinstance(found, NodeGraph)
    nodes, edges = found.transformations
    assert (nodes.filter.options, edges.filter.options) == ("A", "B")
    assert (nodes.options.join, edges.options.join) == (
        ["id", "title", "subtitle"],
        ["id", "source", "target"],
    )
    assert [(target.format, target.instant) for target in found.targets] == [("time_series", True)] * 2
    assert {arc.field: arc.color for arc in found.options.nodes.arcs} == {
        "arc__success": "green",
        "arc__failed": "red",
    }
    (title,) = found.fieldConfig.overrides
    assert (title.matcher.options, [change.id for change in title.properties]) == ("title", ["links"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda panel: panel["transformations"].reverse(), "nodes need the field id"),
        (lambda panel: panel["targets"][0].update(format="table"), "tables have no labels"),
        (lambda panel: panel["transformations"][1]["filter"].update(options="A"), "of each of its queries"),
        (lambda panel: panel["transformations"][0].pop("filter"), "filter"),
        (lambda panel: panel["options"]["nodes"]["arcs"][0].update(field="success"), "field"),
    ],
)
def test_a_node_graph_that_grafana_could_not_draw_is_refused(change: Any, message: str) -> None:
    content = dashboard(Page("some", "Some", "Some panels.", tags=["some"]), [make_graph()], Config())
    change(content["panels"][0])
    with pytest.raises(ValueError, match=message):
        Dashboard.model_validate(content)


def test_a_timeline_names_and_colours_its_states() -> None:
    states = {0: ("down", RED), 1: ("up", "green")}
    found = rendered(timeline(HEADING, Query("up", "{{job}}"), states))
    assert isinstance(found, Timeline)
    (mapping,) = found.fieldConfig.defaults.mappings
    assert {value: shown.text for value, shown in mapping.options.items()} == {"0": "down", "1": "up"}


def test_bars_with_a_base_are_coloured_by_their_limits() -> None:
    levels = Levels(RED, [(0.5, "green")])
    limits = bars(HEADING, Query("x", "{{job}}"), SHARE, levels, size=THIRD)
    found = rendered(limits)
    assert isinstance(found, Bars)
    assert found.fieldConfig.defaults.color == {"mode": "thresholds"}
    steps = found.fieldConfig.defaults.thresholds.steps
    assert [(step.value, step.color) for step in steps] == [(None, "red"), (0.5, "green")]


def make_columns() -> Any:
    asked = {"now": "sum by (bin) (x)", "reference": "sum by (bin) (y)"}
    return columns(HEADING, asked, ("bin", "Bin"), SHARE, no_value="No values", size=THIRD)


def test_columns_have_a_group_for_each_value_of_a_label_in_its_order() -> None:
    found = rendered(make_columns())
    assert isinstance(found, Columns)
    _, organize, order = found.transformations
    assert isinstance(organize, Organize) and isinstance(order, Sorted)
    assert organize.options.renameByName == {"bin": "Bin", "Value #A": "now", "Value #B": "reference"}
    assert (found.options.xField, order.options.sort[0].field) == ("Bin", "Bin")
    assert found.fieldConfig.defaults.noValue == "No values"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda panel: panel["options"].update(xField="bin"), "there is no field 'bin'"),
        (lambda panel: panel["transformations"].reverse(), "merges the fields"),
        (lambda panel: panel["targets"][0].update(format="time_series"), "of format table"),
    ],
)
def test_columns_that_grafana_could_not_draw_are_refused(change: Any, message: str) -> None:
    content = dashboard(Page("some", "Some", "Some panels.", tags=["some"]), [make_columns()], Config())
    change(content["panels"][0])
    with pytest.raises(ValueError, match=message):
        Dashboard.model_validate(content)
