"""The users' own counts, as their program logs them."""

import json
from pathlib import Path

from bench.incidents.client_samples import read_client_samples


def line(at: str, **changes: object) -> str:
    counts: dict[str, object] = {"seconds": 5.0, "sent": 100, "answered": 99, "failed": 1, "hits": 60}
    entry = {"event": "traffic", "timestamp": at, "latency_ms": {"p50": 4.0, "p95": 9.0}, **counts, **changes}
    return json.dumps(entry) + "\n"


def test_ticks_of_all_the_users_programs_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "traffic.log").write_text(
        line("2026-11-21T10:00:05+00:00", hits=1)
        + '{"event": "started", "timestamp": "2026-11-21T10:00:06+00:00"}\n'
        + "Traceback (most recent call last):\n"
        + line("2026-11-21T10:00:15+00:00", hits=3)
        + line("2026-11-21T10:00:20+00:00")[:40]
    )
    (tmp_path / "traffic-gateway.log").write_text(line("2026-11-21T10:00:10+00:00", hits=2))
    (tmp_path / "recommender.log").write_text(line("2026-11-21T10:00:12+00:00", hits=9))
    samples = read_client_samples(tmp_path, since=0)
    assert [sample.hits for sample in samples] == [1, 2, 3]
    assert (samples[0].sent, samples[0].answered, samples[0].failed, samples[0].p95) == (100, 99, 1, 9.0)
    assert [sample.hits for sample in read_client_samples(tmp_path, since=samples[0].at)] == [2, 3]
    assert samples[1].at - samples[0].at == 5
