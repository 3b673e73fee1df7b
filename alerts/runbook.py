"""Runbooks: the text in alerts/runbooks, with the alert's query, its conditions and how to silence it."""

from pathlib import Path

from alerts.spec import Alert, Comparison, Impact, duration

FOLDER = Path(__file__).parent / "runbooks"
WRITTEN = ("## What it means", "## How to check", "## How to fix")

SILENT = "alerting-is-silent"
"""The alert that the incidents service raises itself when no heartbeat arrives."""

SILENCE = """## How to silence

For planned work, create a silence with an end and the matcher `alertname = {title}`: in Grafana under
Alerting → Silences or, where Prometheus evaluates the alerts, in Alertmanager (port 9093). To change the
alert permanently, edit `whence.yaml`, then `make down up`:

```yaml
alerts:
  {slug}: {{threshold: {threshold:g}}}   # or `paused: true`
```
"""

IMPACTS = {
    Impact.USER: "users are affected while it fires",
    Impact.POSSIBLE: "users may be affected; it does not measure whether they are",
    Impact.NONE: "users do not notice, or not yet",
}

NOT_SILENCED = """## How to silence

It cannot be silenced: nobody would notice that alerts do not arrive. It resolves with the next heartbeat. The
variable `HEARTBEAT_TIMEOUT` of the incidents service sets the timeout in seconds.
"""


def render_runbook(alert: Alert) -> str:
    """The runbook of an alert. Raises ValueError when its file is missing or lacks a heading."""
    means, check, fix = _written(alert.runbook or alert.slug)
    silence = SILENCE.format(title=alert.title, slug=alert.slug, threshold=alert.threshold)
    query = f"{_condition(alert)}\n\n```promql\n{alert.expr}\n```"
    says = f"{means}\n\nThe alert has the label `impact: {alert.impact}`: {IMPACTS[alert.impact]}."
    return _join(alert.title, says, f"{query}\n\n{check}", fix, silence)


def _condition(alert: Alert) -> str:
    """When the alert fires and resolves, e.g. `fires when this query is above 0.25 for 20s`."""
    when = alert.evaluation
    breached = f"{'above' if alert.comparison is Comparison.ABOVE else 'below'} {alert.threshold:g}"
    lasting = f" for {duration(when.for_)}" if when.for_ else ""
    kept = (
        f"{duration(when.keep_firing_for)} after it was last so"
        if when.keep_firing_for
        else "when it no longer is"
    )
    return (
        f"The alert fires when this query, evaluated every {duration(when.interval)}, "
        f"is {breached}{lasting}, and resolves {kept}:"
    )


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
        raise ValueError(f"alerts/runbooks/{name}.md needs the headings {', '.join(WRITTEN)}, in order")
    means, check, fix = (part.strip() for part in _split(text))
    return means, check, fix


def _split(text: str) -> list[str]:
    for heading in WRITTEN:
        text = text.replace(f"{heading}\n", "\0", 1)
    return text.split("\0")[1:]
