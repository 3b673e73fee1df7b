"""The topology over HTTP, from stand-ins for Prometheus and Jaeger."""

import html
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
from fastapi import FastAPI, Request

from prometheus.client import MARK
from services.incidents.web.topology import MOST
from services.instrumentation import NATIVE_TELEMETRY_OFF
from tests.e2e.live import eventually
from tests.unit.services.incidents.bodies import alert, alertmanager
from tests.unit.services.incidents.running import incidents_service, serve

PRICING = {"service_name": "gateway", "server_address": "10.0.0.7", "server_port": "8101"}
POSTGRES = {"service_name": "pricing", "server_address": "db", "db_system_name": "postgresql"}
SHOP: dict[str, list[tuple[dict[str, str], float]]] = {
    "served": [({"service_name": "gateway"}, 10.0), ({"service_name": "pricing"}, 6.0)],
    "served_failed": [({"service_name": "gateway"}, 1.0)],
    "served_seconds": [({"service_name": "gateway"}, 2.0), ({"service_name": "pricing"}, 0.6)],
    "called": [(PRICING, 6.0), (POSTGRES, 12.0)],
    "called_seconds": [(PRICING, 0.9), (POSTGRES, 0.24)],
    "instances": [
        ({"service_name": "gateway", "instance": "g-2", "service_version": "1.3.0"}, 1.0),
        ({"service_name": "gateway", "instance": "g-1", "service_version": "1.2.0"}, 1.0),
        ({"service_name": "pricing", "instance": "p-1"}, 1.0),
        ({"service_name": "gone", "instance": "x"}, 1.0),
    ],
}


def source(results: dict[str, list[tuple[dict[str, str], float]]]) -> FastAPI:
    """Prometheus with the same values all the time, and Jaeger with a trace from gateway to pricing."""

    async def query_range(request: Request) -> dict[str, Any]:
        asked = await read(request)
        times = np.arange(*(float(asked[key]) for key in ("start", "end", "step"))).tolist()
        found = [
            {"metric": labels, "values": [[time, str(value)] for time in times]}
            for labels, value in find(asked["query"])
        ]
        return {"status": "success", "data": {"resultType": "matrix", "result": found}}

    async def query(request: Request) -> dict[str, Any]:
        asked = await read(request)
        found = [
            {"metric": labels, "value": [float(asked["time"]), str(value)]}
            for labels, value in find(asked["query"])
        ]
        return {"status": "success", "data": {"resultType": "vector", "result": found}}

    async def read(request: Request) -> dict[str, str]:
        return {key: each[0] for key, each in parse_qs((await request.body()).decode()).items()}

    def find(asked: str) -> Iterator[tuple[dict[str, str], float]]:
        for name, rows in results.items():
            if f'"{name}"' in asked:
                yield from ((labels | {MARK: name}, value) for labels, value in rows)

    def search(service: str) -> dict[str, Any]:
        tags = [{"key": "server.address", "value": "10.0.0.7"}, {"key": "server.port", "value": 8101}]
        parent = [{"refType": "CHILD_OF", "spanID": "1"}]
        spans = [span("1", "p1", tags, []), span("2", "p2", [], parent)] if service == "gateway" else []
        processes = {"p1": {"serviceName": "gateway"}, "p2": {"serviceName": "pricing"}}
        return {"data": [{"traceID": "a", "spans": spans, "processes": processes}] if spans else []}

    app = FastAPI(telemetry=NATIVE_TELEMETRY_OFF)
    app.add_api_route("/api/v1/query_range", query_range, methods=["POST"])
    app.add_api_route("/api/v1/query", query, methods=["POST"])
    app.add_api_route("/api/traces", search)
    return app


def span(span_id: str, process: str, tags: list[Any], references: list[Any]) -> dict[str, Any]:
    return {
        "spanID": span_id,
        "operationName": "any",
        "processID": process,
        "startTime": 1,
        "duration": 1,
        "tags": tags,
        "references": references,
    }


def test_services_and_dependencies_are_listed_with_what_passes_between_them(tmp_path: Path) -> None:
    with (
        serve(source(SHOP)) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address) as client,
    ):
        found = client.get("/api/topology", params={"seconds": 300}).raise_for_status().json()
    names = [(entity["kind"], entity["name"]) for entity in found["entities"]]
    assert names == [("database", "postgresql@db"), ("service", "gateway"), ("service", "pricing")]
    assert [(call["caller"]["name"], call["callee"]["name"]) for call in found["calls"]] == [
        ("gateway", "pricing"),
        ("pricing", "postgresql@db"),
    ]
    gateway, call = found["entities"][1], found["calls"][0]
    assert [round(gateway[key], 6) for key in ("rate", "failed", "seconds")] == [10.0, 0.1, 0.2]
    assert [round(call[key], 6) for key in ("rate", "failed", "seconds")] == [6.0, 0.0, 0.15]


def test_services_are_listed_with_their_instances_and_versions(tmp_path: Path) -> None:
    many = [({"service_name": "pricing", "instance": f"p-{n}"}, 1.0) for n in range(MOST + 50)]
    with (
        serve(source({**SHOP, "instances": [*SHOP["instances"], *many]})) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address) as client,
    ):
        found = client.get("/api/topology").raise_for_status().json()["entities"]
    database, gateway, pricing = found
    assert gateway["versions"] == ["1.2.0", "1.3.0"]
    assert gateway["instances"] == [
        {"name": "g-1", "version": "1.2.0"},
        {"name": "g-2", "version": "1.3.0"},
    ]
    assert pricing["versions"] == [], "it tells none"
    assert len(pricing["instances"]) == MOST
    assert pricing["instances"][1] == {"name": "p-1", "version": None}
    assert (database["versions"], database["instances"]) == ([], [])


def test_without_telemetry_the_topology_is_empty(tmp_path: Path) -> None:
    with (
        serve(source({})) as address,
        incidents_service(tmp_path, prometheus_url=address, jaeger_url=address) as client,
    ):
        found = client.get("/api/topology").raise_for_status().json()
    assert (found["entities"], found["calls"]) == ([], [])


def test_without_prometheus_there_is_none(tmp_path: Path) -> None:
    with incidents_service(tmp_path, prometheus_url="http://127.0.0.1:9") as client:
        answer = client.get("/api/topology")
    assert answer.status_code == 503
    assert "Prometheus" in answer.json()["detail"]


def test_a_window_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with incidents_service(tmp_path) as client:
        assert client.get("/api/topology", params={"seconds": 1e9}).status_code == 422


def test_an_incident_of_somebodys_service_is_diagnosed_by_topology(tmp_path: Path) -> None:
    """Alerts carry the service; of none of the stack's own, so it is the topology that is asked."""
    with (
        serve(source(SHOP)) as address,
        incidents_service(tmp_path, explain=None, prometheus_url=address, jaeger_url=address) as client,
    ):
        began = datetime.now(UTC) - timedelta(minutes=2)
        fired = alert("Error Rate High", "one", starts_at=began, labels={"service_name": "gateway"})
        client.post("/webhooks/alerts", json=alertmanager(fired)).raise_for_status()
        found = eventually("a verdict", lambda: client.get("/api/incidents/1").json()["verdict"])
        incident = client.get("/api/incidents/1").json()
        page = client.get("/incidents/1").text
    assert incident["services"] == ["gateway"]
    assert found["domain"] == "unknown"
    assert "gateway: an alert fires" in found["summary"]
    assert found["summary"] in html.unescape(page)


def test_a_window_can_be_diagnosed_for_services(tmp_path: Path) -> None:
    now = time.time()
    with (
        serve(source(SHOP)) as address,
        incidents_service(tmp_path, explain=None, prometheus_url=address, jaeger_url=address) as client,
    ):
        asked = {"start": now - 600, "end": now, "services": ["gateway"]}
        found = client.post("/api/diagnoses", json=asked).raise_for_status().json()
        unknown = client.post("/api/diagnoses", json={**asked, "services": ["nobody"]}).json()
        refused = client.post("/api/diagnoses", json={**asked, "services": [""]})
    assert (found["domain"], found["summary"]) == (
        "none",
        "gateway: nothing got worse, or only for a moment.",
    )
    assert unknown["domain"] == "unknown"
    assert refused.status_code == 422


def test_services_of_the_stack_are_examined_as_services_too(tmp_path: Path) -> None:
    """No cause is found in the stack; that is no verdict on the services that it does not look at."""
    now = time.time()
    with (
        serve(source({**SHOP, "slow": [({}, 0.0)]})) as address,
        incidents_service(tmp_path, explain=None, prometheus_url=address, jaeger_url=address) as client,
    ):
        for others in (["ingest"], ["nobody", "gateway"]):
            asked = {"start": now - 600, "end": now, "services": ["recommender", *others]}
            found = client.post("/api/diagnoses", json=asked).raise_for_status().json()
            assert found["domain"] == "unknown"
            assert f"{others[0]}: there is no telemetry" in found["summary"]
