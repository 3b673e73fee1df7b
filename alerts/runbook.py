"""Runbooks: what a person wrote in alerts/runbooks, the alert's own query and how to silence it put in."""

from pathlib import Path

from alerts.spec import Alert

FOLDER = Path(__file__).parent / "runbooks"
WRITTEN = ("## What it means", "## How to check", "## How to fix")

SILENT = "alerting-is-silent"
"""The alert that the incidents service raises by itself, when the heartbeat does not come."""

SILENCE = """## How to silence

For planned work: in Grafana, Alerting → Silences, matcher `alertname = {title}`; where Prometheus evaluates,
in Alertmanager (port 9093) the same. Give it an end. For good, in `whence.yaml`, then `make generate`:

```yaml
alerts:
  {slug}: {{threshold: {threshold:g}}}   # or `paused: true`
```
"""

NOT_SILENCED = """## How to silence

It cannot be silenced, or nobody would notice that alerts do not arrive. It ends with the next heartbeat.
`HEARTBEAT_TIMEOUT` of the incidents service, in seconds, says how long it waits.
"""


def render_runbook(alert: Alert) -> str:
    """The runbook of an alert. Raises ValueError when it is not written or lacks a heading."""
    means, check, fix = _written(alert.runbook or alert.slug)
    question = f"The alert's own query; it fires {alert.comparison} {alert.threshold:g}:"
    silence = SILENCE.format(title=alert.title, slug=alert.slug, threshold=alert.threshold)
    asked = f"{question}\n\n```promql\n{alert.expr}\n```"
    return _join(alert.title, means, f"{asked}\n\n{check}", fix, silence)


def silent_runbook() -> str:
    """The runbook of SILENT, which has no query."""
    return _join("Alerting Is Silent", *_written(SILENT), NOT_SILENCED)


def _join(title: str, means: str, check: str, fix: str, silence: str) -> str:
    parts = (f"{heading}\n\n{text}\n" for heading, text in zip(WRITTEN, (means, check, fix), strict=True))
    return "\n".join([f"# {title}\n", *parts, silence])


def _written(name: str) -> tuple[str, str, str]:
    path = FOLDER / f"{name}.md"
    if not path.is_file():
        raise ValueError(f"there is no runbook alerts/runbooks/{name}.md: write it")
    text = path.read_text(encoding="utf-8")
    found = [line for line in text.splitlines() if line.startswith("## ")]
    if found != list(WRITTEN):
        raise ValueError(f"alerts/runbooks/{name}.md has to have the headings {', '.join(WRITTEN)}, in order")
    means, check, fix = (part.strip() for part in _split(text))
    return means, check, fix


def _split(text: str) -> list[str]:
    for heading in WRITTEN:
        text = text.replace(f"{heading}\n", "\0", 1)
    return text.split("\0")[1:]
