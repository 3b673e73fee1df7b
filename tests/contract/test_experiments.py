"""What the page on experiments, the recommender and the configuration say of each other is true."""

import inspect
import re

import yaml

from bench.experiments.__main__ import BEGIN, END
from config import Config
from config.experiments import EVENTS, METRICS, Metric
from decisions.experiments.queries import count_queries
from services.assignment import GROUPS
from services.demo.recommender.instrumentation import Recorder
from stack import ROOT

PAGE = (ROOT / "docs" / "experiments.md").read_text()
SOURCE = inspect.getsource(Recorder)
COUNTED = set(re.findall(r'_count_event\(labels, "(\w+)"', SOURCE)) | {"thumb_up", "thumb_down"}
OFFERED = re.findall(r"^\| `of`, `per` \|(.*)$", PAGE, re.M)[0]


def test_the_pages_example_can_be_declared_and_asked() -> None:
    declared = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[0])
    for experiment in declared["experiments"]:
        experiment["start"] = experiment["start"].isoformat()
    (experiment,) = Config.model_validate(declared).experiments
    assert set(count_queries(experiment, 60)) == {"events", "users", "requests", "seconds"}


def test_the_page_and_the_configuration_offer_the_events_that_the_recommender_counts() -> None:
    assert set(re.findall(r"`(\w+)`", OFFERED)) - {"duration"} == COUNTED == set(EVENTS)


def test_the_default_metrics_are_of_events_that_are_counted() -> None:
    events = {of for metric in map(Metric.model_validate, METRICS) for of in (metric.of, metric.per) if of}
    assert events - {"duration"} <= COUNTED


def test_the_page_names_the_number_of_groups_and_has_the_tables_of_the_benchmark() -> None:
    assert f"{GROUPS} groups of users" in PAGE
    written = PAGE.split(BEGIN)[1].split(END)[0]
    assert "how often one is called" in written and "CUPED" in written
