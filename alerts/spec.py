"""The definition of an alert. A wrong entry in `rules` fails when it is created, before rendering."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from prometheus.needs import Need

STEP = 10
"""Seconds: Grafana evaluates at multiples of this only."""


class Comparison(StrEnum):
    """When the query's value is a breach of the threshold."""

    ABOVE = ">"
    BELOW = "<"


class NoData(StrEnum):
    """Grafana's state for a query without result. Prometheus has OK only: no result, no alert."""

    OK = "OK"
    NO_DATA = "NoData"
    ALERTING = "Alerting"
    KEEP_LAST = "KeepLast"


class ExecutionError(StrEnum):
    """Grafana's state for a query that fails. Prometheus leaves its alerts as they are."""

    OK = "OK"
    ERROR = "Error"
    ALERTING = "Alerting"
    KEEP_LAST = "KeepLast"


class Severity(StrEnum):
    """critical: user impact now, or it would go unnoticed. warning: soon, or for few users. info: context."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Impact(StrEnum):
    """user: users are affected while it fires. possible: they may be, it does not measure whether they are.
    none: they do not notice, or not yet.
    """

    USER = "user"
    POSSIBLE = "possible"
    NONE = "none"


class ValueFormat(Enum):
    """The format of values: (template of the query's value in both renderings; format of a threshold)."""

    MILLISECONDS = '{{ printf "%.0f" .Value }} ms', "{:.0f} ms"
    DURATION = "{{ humanizeDuration .Value }}", "{:g} s"
    SHARE = "{{ humanizePercentage .Value }}", "{:.4g}"
    NUMBER = '{{ printf "%.3g" .Value }}', "{:g}"
    BYTES = "{{ humanize1024 .Value }}B", "{:.0f}"

    @property
    def template(self) -> str:
        """The template of the query's value."""
        return str(self.value[0])

    def format(self, threshold: float) -> str:
        """A threshold as text."""
        if self is ValueFormat.SHARE:
            return f"{threshold:.4%}".rstrip("%").rstrip("0").rstrip(".") + "%"
        if self is ValueFormat.BYTES:
            return f"{threshold / 2**20:.0f} MiB"
        return str(self.value[1]).format(threshold)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How a query is evaluated, in whole seconds.

    The alert fires when every evaluation during `for_` breaches the threshold, one each `interval`, and
    continues for `keep_firing_for` after the last breach. The rest is Grafana's: its states for no result and
    for a failed query, and after how many evaluations without a series its alert resolves.
    """

    interval: int
    for_: int
    keep_firing_for: int
    no_data: NoData = NoData.OK
    execution_error: ExecutionError = ExecutionError.KEEP_LAST
    missing_series_evals_to_resolve: int = 2

    def __post_init__(self) -> None:
        durations = {"interval": self.interval, "for": self.for_, "keep_firing_for": self.keep_firing_for}
        for name, seconds in durations.items():
            if seconds % STEP or seconds < 0:
                raise ValueError(f"{name} is {seconds} s; it has to be a multiple of {STEP} s")
        if not self.interval:
            raise ValueError(f"interval has to be at least {STEP} s")


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert. `slug` is its uid and the name its runbook is served under.

    `summary` and `description` may hold `{value}`, the query's value in `value_format`, `{threshold}`, and
    `{labels.<name>}`; `{worst}` is the label `measure` of the one series of the query `worst`, which may hold
    `"{labels.<name>}"`, too. `panel` is the title of the panel to look at. `short_window` is the query over a
    short window: it has to breach the threshold, too, so that an alert over a long window neither fires nor
    continues after recovery. `follows` names the alert that is its cause when both fire, and mutes it.
    `owner` is a name, or a template of one (`alerts.owners`), and empty when the series have that label.
    `runbook` names the file in alerts/runbooks, when it is not the slug. A verdict's series say its severity,
    that of the incident. `needs` is what the query's data comes from, where not every stack has it.
    """

    slug: str
    title: str
    query: str
    comparison: Comparison
    threshold: float
    evaluation: Evaluation
    severity: Severity
    impact: Impact
    component: str
    owner: str
    summary: str
    description: str
    value_format: ValueFormat
    dashboard: str
    panel: str
    worst: str = ""
    short_window: str = ""
    follows: str = ""
    runbook: str = ""
    needs: Need | None = None
    is_heartbeat: bool = False
    is_verdict: bool = False
    is_paused: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.slug) or len(self.slug) > 40:
            raise ValueError(
                f"alert {self.slug!r}: a slug is at most 40 lower-case letters, digits and dashes"
            )
        if "$" in self.query + self.short_window + self.worst:
            raise ValueError(f"alert {self.slug}: alerts have no dashboard variables; write the window out")
        for field in (self.summary, self.description):
            _check_placeholders(self.slug, field, "{value}, {threshold}" + ", {worst}" * bool(self.worst))

    @property
    def expr(self) -> str:
        """What is compared with the threshold: the query, or 0 (BELOW: 1) if the short window is fine."""
        if not self.short_window:
            return self.query
        breached = f"(({self.short_window}) {self.comparison} bool {self.threshold:g})"
        return f"({self.query}) {'*' if self.comparison is Comparison.ABOVE else '^'} {breached}"

    @property
    def group(self) -> str:
        """The evaluation group: alerts of one component at one interval."""
        return f"{self.component}, every {duration(self.evaluation.interval)}"

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the alert, beside those of its query's series."""
        named = {} if self.is_verdict else {"severity": self.severity.value}
        named |= {"impact": self.impact.value, "component": self.component}
        named |= {"owner": self.owner} if self.owner else {}
        named |= {"follows": self.follows} if self.follows else {}
        named |= {"explained": "true"} if self.is_verdict else {}
        return named | ({"heartbeat": "true"} if self.is_heartbeat else {})

    def words(self, value: str, worst: str = "") -> dict[str, str]:
        """Summary and description: `{value}` and `{worst}` become these templates, labels Go templates."""
        texts = {"summary": self.summary, "description": self.description}
        limit = self.value_format.format(self.threshold)
        plain = {"value": value, "threshold": limit, "worst": worst}
        return {name: _fill(text, plain) for name, text in texts.items()}


def duration(seconds: int) -> str:
    """As Prometheus and Grafana write it: 5400 → `1h30m`."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if number]
    return "".join(parts) or "0s"


_PLACEHOLDER = re.compile(r"\{(value|threshold|worst|labels\.([a-z_]+))\}")


def _fill(text: str, plain: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(
        lambda found: f"{{{{ .Labels.{found[2]} }}}}" if found[2] else plain[found[1]], text
    )


def _check_placeholders(slug: str, text: str, plain: str) -> None:
    rest = _PLACEHOLDER.sub(lambda found: "" if found[2] or found[0] in plain else found[0], text)
    if set(rest) & set("{}$"):
        raise ValueError(f"alert {slug}: only {plain} and {{labels.<name>}} are filled in, found: {rest}")
