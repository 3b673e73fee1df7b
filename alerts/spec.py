"""What an alert is. Checked when it is made: a wrong entry in `rules` fails before anything is rendered."""

import re
from dataclasses import dataclass
from enum import StrEnum

STEP = 10
"""Seconds: Grafana evaluates at multiples of this only."""

RUNBOOKS = "http://127.0.0.1:8010/runbooks"


class Comparison(StrEnum):
    """When the query's value is a breach of the threshold."""

    ABOVE = ">"
    BELOW = "<"


class NoData(StrEnum):
    """What Grafana makes of a query without result. Prometheus knows OK only: without result, no alert."""

    OK = "OK"
    NO_DATA = "NoData"
    ALERTING = "Alerting"
    KEEP_LAST = "KeepLast"


class ExecutionError(StrEnum):
    """What Grafana makes of a query that fails. Prometheus keeps its alerts as they are."""

    OK = "OK"
    ERROR = "Error"
    ALERTING = "Alerting"
    KEEP_LAST = "KeepLast"


class Severity(StrEnum):
    """critical: users suffer now. warning: they will, or few do. info: worth knowing."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class ValueFormat(StrEnum):
    """How `{value}` reads: the template of one number, alike in both renderings."""

    MILLISECONDS = '{{ printf "%.0f" .Value }} ms'
    DURATION = "{{ humanizeDuration .Value }}"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert. `slug` is its uid and its runbook's name; durations are whole seconds.

    It fires when `query` breaches `threshold` for `for_` without a break, looked at every `interval`, and
    goes on for `keep_firing_for` after the last breach. `summary` and `description` may hold `{value}`, the
    query's value in `value_format`, and `{labels.<name>}`. `panel` is the title of the panel to look at.
    """

    slug: str
    title: str
    query: str
    comparison: Comparison
    threshold: float
    interval: int
    for_: int
    keep_firing_for: int
    no_data: NoData
    execution_error: ExecutionError
    missing_series_evals_to_resolve: int
    severity: Severity
    component: str
    owner: str
    summary: str
    description: str
    value_format: ValueFormat
    dashboard: str
    panel: str
    is_paused: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.slug) or len(self.slug) > 40:
            raise ValueError(
                f"alert {self.slug!r}: a slug is at most 40 lower-case letters, digits and dashes"
            )
        durations = {"interval": self.interval, "for": self.for_, "keep_firing_for": self.keep_firing_for}
        for name, seconds in durations.items():
            if seconds % STEP or seconds < 0:
                raise ValueError(
                    f"alert {self.slug}: {name} is {seconds} s; it has to be a multiple of {STEP} s"
                )
        if not self.interval:
            raise ValueError(f"alert {self.slug}: interval has to be at least {STEP} s")
        if "$" in self.query:
            raise ValueError(f"alert {self.slug}: alerts have no dashboard variables; write the window out")
        for field in (self.summary, self.description):
            _check_placeholders(self.slug, field)

    @property
    def group(self) -> str:
        """The evaluation group: alerts of one component at one interval."""
        return f"{self.component}, every {duration(self.interval)}"

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the alert, beside those of its query's series."""
        return {"severity": self.severity.value, "component": self.component, "owner": self.owner}

    @property
    def runbook(self) -> str:
        """Where its runbook is served."""
        return f"{RUNBOOKS}/{self.slug}"

    def words(self, value: str) -> dict[str, str]:
        """Summary and description, `{value}` replaced by the template `value` and labels by Go templates."""
        texts = {"summary": self.summary, "description": self.description}
        return {name: _fill(text, value) for name, text in texts.items()}


def duration(seconds: int) -> str:
    """As Prometheus and Grafana write it: 5400 → `1h30m`."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if number]
    return "".join(parts) or "0s"


_PLACEHOLDER = re.compile(r"\{(value|labels\.([a-z_]+))\}")


def _fill(text: str, value: str) -> str:
    return _PLACEHOLDER.sub(lambda found: f"{{{{ .Labels.{found[2]} }}}}" if found[2] else value, text)


def _check_placeholders(slug: str, text: str) -> None:
    rest = _PLACEHOLDER.sub("", text)
    if set(rest) & set("{}$"):
        raise ValueError(f"alert {slug}: only {{value}} and {{labels.<name>}} are filled in, found: {rest}")
