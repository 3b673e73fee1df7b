"""Whose charts and requests the page of an incident shows."""

from collections.abc import Sequence

import pytest

from diagnosis.verdict.verdict import Place
from services.incidents.incident import Alert, Incident
from services.incidents.web.subject import MOST, choose_service, choose_services
from tests.unit.services.incidents.bodies import START
from tests.unit.services.incidents.opinions import opinion

RECOMMENDER = "recommender"


def incident(services: Sequence[str], path: Sequence[str] = ()) -> Incident:
    """With an alert of each service, the last one the worst, and a verdict with this path."""
    alerts = [
        Alert(
            fingerprint=str(number),
            name=f"Alert {number}",
            status="firing",
            severity="critical" if number == len(services) - 1 else "warning",
            starts_at=START,
            ends_at=None,
            labels={"service_name": name} if name else {},
            annotations={},
        )
        for number, name in enumerate(services)
    ]
    places = [Place(kind="database" if "@" in name else "service", name=name) for name in path]
    verdict = opinion("unknown", "unknown", 0.3, "It is slow.", path=places)
    return Incident(id=1, status="firing", started_at=START, ended_at=None, alerts=alerts, verdict=verdict)


MANY = [f"shop-{number}" for number in range(9)]


@pytest.mark.parametrize(
    ("services", "shown"),
    [
        pytest.param(["b", "c", "a"], ["a", "b", "c"], id="the headline first, then the oldest"),
        pytest.param(["", "shop"], ["shop"], id="with an alert of the stack"),
        pytest.param(["shop", ""], ["shop"], id="the stack's alert is the worst"),
        pytest.param([RECOMMENDER, "shop"], ["shop", RECOMMENDER], id="with one of the recommender"),
        pytest.param(["ingest"], ["ingest"], id="the stack, but not the recommender"),
        pytest.param([RECOMMENDER, ""], [], id="the recommender's own"),
        pytest.param([""], [], id="no service"),
        pytest.param(MANY, [MANY[-1], *MANY[: MOST - 1]], id="many"),
    ],
)
def test_without_a_path_they_are_those_of_the_alerts(services: list[str], shown: list[str]) -> None:
    found = incident(services)
    assert choose_services(found) == shown
    assert choose_service(found) == (shown[0] if shown else None)


@pytest.mark.parametrize(
    ("services", "path", "shown"),
    [
        pytest.param(["a", "b"], ["a", "b", "c", "mysql@db"], ["c", "b", "a"], id="the cause first"),
        pytest.param(["a", ""], ["a", "b"], ["b", "a"], id="with an alert of the stack"),
        pytest.param(["a"], ["a", "b", "a"], ["b", "a"], id="a ring"),
        pytest.param(["a"], MANY, [*MANY[:-MOST:-1], MANY[0]], id="a long path keeps its symptom"),
        pytest.param(["a"], ["a", RECOMMENDER], [RECOMMENDER, "a"], id="the recommender is the cause"),
        pytest.param([RECOMMENDER, "a"], [RECOMMENDER, "s3@minio"], [], id="the recommender's own"),
        pytest.param(["a"], [RECOMMENDER, "s3@minio"], ["a"], id="the recommender's, without alerts of it"),
    ],
)
def test_with_a_path_they_are_on_it(services: list[str], path: list[str], shown: list[str]) -> None:
    found = incident(services, path)
    assert choose_services(found) == shown
    assert choose_service(found) == (shown[-1] if shown else None)
