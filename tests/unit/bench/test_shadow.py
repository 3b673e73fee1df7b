"""What the benchmark of the shadow concludes from its rounds, and writes into its page."""

from pathlib import Path

import pytest

from bench.shadow import BEGIN, PAGE, Run, Sample, conclude, document


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
