"""Alerts that documents, runbooks and faults name exist. An alert is written *With Capitals*, no panel is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.rules import all_alerts
from alerts.runbook import FOLDER as RUNBOOKS
from alerts.runbook import SILENT
from config import Config
from stack import ROOT

ALERTS = all_alerts(Config())
TITLES = {alert.title for alert in ALERTS} | {"Alerting Is Silent"}
SLUGS = {alert.slug for alert in ALERTS} | {SILENT}
FORMER = {"benchmark.md": {"Coverage Collapsed"}}
"""Alerts that recorded runs had: the page says what tells the same today."""

TITLE = r"[A-Z][A-Za-z-]*(?: [A-Z][A-Za-z-]*)+"
NAMED = [rf"(?<!\*)\*({TITLE})\*(?!\*)", rf"runbooks? of ({TITLE})", rf"\| ({TITLE}), \d+ s"]
SET = r"alerts: ?\{? ?([a-z]+(?:-[a-z]+)+):"

TEXTS = [
    *(ROOT / name for name in ("README.md", "whence.example.yaml")),
    *(path for folder in ("docs", "examples", "monitor") for path in (ROOT / folder).rglob("*.md")),
    *RUNBOOKS.glob("*.md"),
    *(ROOT / "faults").glob("*.py"),
]


def unknown(path: Path) -> Iterator[str]:
    """Names of alerts in a text that no alert has."""
    text = re.sub(r"[\s#]+", " ", path.read_text())
    titles = {name for pattern in NAMED for name in re.findall(pattern, text)}
    yield from titles - TITLES - FORMER.get(path.name, set())
    yield from set(re.findall(SET, text)) - SLUGS
    yield from set(re.findall(r"alerts/runbooks/([a-z-]+)\.md", text)) - {
        path.stem for path in RUNBOOKS.glob("*")
    }


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_alert_that_is_named_exists(path: Path) -> None:
    assert not sorted(unknown(path))


def test_names_are_found_wherever_they_are_written(tmp_path: Path) -> None:
    text = """
    *Gone Alert* fires, see the runbook of Lost
    Alert. **Bold Words** and the panel *Hit rate by version* are none, nor is *Server Errors*.
    | a | b, Missing Alert, 53 s |
    | a | Missing Alert, 53 s |
    alerts:
      no-alert: {threshold: 1}
      server-errors: {paused: true}
    """
    (tmp_path / "page.md").write_text(text)
    assert set(unknown(tmp_path / "page.md")) == {"Gone Alert", "Lost Alert", "Missing Alert", "no-alert"}
