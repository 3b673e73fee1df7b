"""Panel types that are rendered here, as the model of Grafana's format reads them."""

from typing import Any

import pytest

from config import Config
from grafana import links
from grafana.model import Dashboard
from grafana.model.panels import Bars, Table, Timeline
from grafana.model.tables import Organize
from grafana.options import ORANGE, RED, SHARE, THIRD, Heading, Levels, Query
from grafana.panels import Page, dashboard
from grafana.shapes import Column, Sort, bars, table, timeline

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
