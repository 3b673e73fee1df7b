"""What the benchmark of the shadow concludes from its rounds, and writes into its page."""

import runpy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM, default_int_handler, getsignal, signal
from typing import Any

import pytest

from bench import shadow
from bench.shadow import BEGIN, PAGE, Run, Sample, conclude, document
from faults import FaultError


def rounds(*p95: float) -> list[Sample]:
    return [Sample(cpu=2_000, p50=5, p95=each, failures=0) for each in p95]


SAMPLES = {0.0: rounds(10, 20, 10), 10.0: rounds(10.2, 20, 30), 100.0: rounds(10.4, 21, 10)}


def test_the_median_round_decides_whether_users_would_notice() -> None:
    assert list(conclude(SAMPLES)) == [
        "10% in the shadow: the 95th percentile is within 3% of that without.",
        "100% in the shadow: the 95th percentile is NOT within 3% of that without.",
    ]


def test_the_page_has_the_recorded_run_or_says_that_there_is_none(tmp_path: Path) -> None:
    page, recording = tmp_path / "page.md", tmp_path / "shadow.json"
    page.write_text(PAGE.read_text().replace(BEGIN, f"{BEGIN}\nold table\n"))
    document(recording, page)
    assert "Nothing is recorded yet" in page.read_text() and "old table" not in page.read_text()
    run = Run(version="als16-42d0c1", seconds=30, rate=20, load=1.5, samples=SAMPLES)
    recording.write_text(run.model_dump_json())
    document(recording, page)
    written = page.read_text()
    assert "### als16-42d0c1 in the shadow: 3 rounds of 30 s, 20 requests/s" in written
    assert "| none | 2000 | – | 5.00 | 10.00 | – | – | 0 |" in written
    assert "| 100% | 2000 | +0 | 5.00 | 10.40 | 1.040 | 1.00–1.05 | 0 |" in written
    recording.write_text("{}")
    with pytest.raises(SystemExit, match="is no run: `make bench-shadow` writes it anew"):
        document(recording, page)


class Bucket:
    """Where a recommender keeps what was clicked."""

    keys = {"feedback/0/7.npz", "feedback/999-0/7.npz", "feedback/999-0/8.npz"}

    def list_keys(self, prefix: str) -> list[str]:
        return [key for key in self.keys if key.startswith(prefix)]

    def delete(self, keys: list[str]) -> None:
        type(self).keys = self.keys - set(keys)


def test_nothing_is_learned_from_the_requests_of_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Mapping[str, str]] = []

    @contextmanager
    def serve(port: int, command: list[str], environment: Mapping[str, str], ready: str) -> Iterator[None]:
        given.append(environment)
        yield

    monkeypatch.setattr(shadow, "serve", serve)
    monkeypatch.setattr(shadow, "_environment", dict)
    monkeypatch.setattr(shadow, "_await_shadow", lambda *_: None)
    monkeypatch.setattr(shadow, "Bucket", Bucket)
    with shadow._feedback_forgotten(), shadow._recommender(4318, "als40-new", 10.0):
        assert given[0]["RECOMMENDER_REPLICA"] == "999"
    assert Bucket.keys == {"feedback/0/7.npz"}


def test_feedback_that_stays_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Any:
        raise FaultError("no storage [/minio]")

    monkeypatch.setattr(shadow, "Bucket", fail)
    with shadow._feedback_forgotten():
        pass
    assert "feedback/999-* is left in the bucket: no storage [/minio]" in capsys.readouterr().out


def test_a_request_to_terminate_ends_it_with_the_traffic_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = getsignal(SIGTERM)
    monkeypatch.setattr("sys.argv", ["bench.shadow", "--help"])
    try:
        with pytest.raises(SystemExit):
            runpy.run_path(str(shadow.__file__), run_name="__main__")
        assert getsignal(SIGTERM) is default_int_handler
    finally:
        signal(SIGTERM, before)
