"""What process-compose says of processes."""

from pathlib import Path
from typing import Any

import pytest

from stack.running import processes


def test_one_process_is_read_without_a_look_into_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {
        "name": "kafka-2",
        "status": "Running",
        "is_ready": "Ready",
        "restarts": 1,
        "exit_code": 0,
        "pid": 7,
        "mem": 1,
        "has_ready_probe": True,
    }
    asked: list[str] = []

    def request(method: str, path: str, **_: object) -> Any:
        asked.append(f"{method} {path}")
        return state if path.endswith("kafka-2") else None

    monkeypatch.setattr(processes, "request", request)
    found = processes.read_process("kafka-2", Path("socket"))
    assert found and found.ready and found.pid == 7
    assert processes.read_process("nobody", Path("socket")) is None
    assert asked == ["GET /process/kafka-2", "GET /process/nobody"]
