"""What these tests cannot try is told at the end."""

import pytest

NOT_TRIED = (
    "NOT TRIED HERE: there is no cluster. No API server took the resources, no pod was scheduled, no",
    "volume provisioned; no probe, network policy or disruption budget took effect.",
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("Kubernetes", sep="*", bold=True)
    for line in NOT_TRIED:
        terminalreporter.line(line, bold=True)
