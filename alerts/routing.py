"""Who is notified, and when: one definition for Grafana's policies and for Alertmanager's routes.

The incidents page is told everything at once, and goes on being told that alerting lives. Receivers from
whence.yaml are told what they asked for, gathered for half a minute, unless they want to be left in peace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from alerts.spec import Alert, duration
from config import Config, Receiver
from config.receivers import Mail, MuteTime

INCIDENTS = "incidents"
HEARTBEAT_INTERVAL = 60
"""Seconds between heartbeats; the incidents service waits for three of them (HEARTBEAT_TIMEOUT)."""

CONSEQUENCE_WAIT = 300
"""Seconds that Grafana, which cannot mute one alert by another, holds back what follows from one."""


EXPLAINED_WAIT = 10
"""Seconds between two messages about one incident's verdicts; the first is sent at once."""


class Matcher(NamedTuple):
    """A label and what it has to be, as both programs write it."""

    label: str
    operator: str
    value: str


EXPLAINED = Matcher("explained", "=", "true")
OF_INCIDENT = ("alertname", "incident")
"""Verdicts with the same of these labels come in one message."""


@dataclass(frozen=True)
class Waits:
    """Seconds: before the first message of a group, between its changes, and until it is repeated."""

    group: int
    interval: int
    repeat: int

    def render(self) -> dict[str, str]:
        """As Alertmanager and Grafana both write them."""
        return {
            "group_wait": duration(self.group),
            "group_interval": duration(self.interval),
            "repeat_interval": duration(self.repeat),
        }


@dataclass(frozen=True)
class Route:
    """Alerts that match go to `receiver`, and on to the next route if it `continues`.

    Verdicts among them are gathered by incident, with waits of their own.
    """

    receiver: str
    matchers: tuple[Matcher, ...]
    waits: Waits
    mute_times: tuple[str, ...] = ()
    continues: bool = True
    verdicts: Waits | None = None


@dataclass(frozen=True)
class Inhibition:
    """While the alert titled `cause` fires, alerts that follow from `slug` are muted."""

    cause: str
    slug: str


@dataclass(frozen=True)
class Routing:
    """Alerts with the same `group_by` labels come in one message. `default` is told what no route takes."""

    default: str
    group_by: tuple[str, ...]
    waits: Waits
    routes: tuple[Route, ...]
    receivers: tuple[Receiver, ...]
    mute_times: tuple[MuteTime, ...]
    mail: Mail | None
    inhibitions: tuple[Inhibition, ...]


def route(alerts: Sequence[Alert], config: Config) -> Routing:
    """The routing of these alerts. Raises ValueError for a cause that is no alert."""
    at_once = Waits(group=0, interval=10, repeat=config.repeat_interval)
    beat = Waits(group=0, interval=10, repeat=HEARTBEAT_INTERVAL)
    return Routing(
        default=INCIDENTS,
        group_by=("alertname", "component"),
        waits=at_once,
        routes=(
            Route(INCIDENTS, (Matcher("heartbeat", "=", "true"),), beat, continues=False),
            Route(INCIDENTS, (), at_once),
            *(_to(receiver, config.repeat_interval) for receiver in config.receivers),
        ),
        receivers=config.receivers,
        mute_times=config.mute_times,
        mail=config.mail,
        inhibitions=_inhibitions(alerts),
    )


def render_mute_time(muted: MuteTime) -> dict[str, Any]:
    """A mute time, as Alertmanager and Grafana both write it."""
    interval: dict[str, Any] = {"location": muted.timezone}
    if muted.days:
        interval["weekdays"] = list(muted.days)
    if muted.hours:
        interval["times"] = [{"start_time": hours.from_, "end_time": hours.to} for hours in muted.hours]
    return {"name": muted.name, "time_intervals": [interval]}


def _to(receiver: Receiver, repeat: int) -> Route:
    wanted = Matcher("severity", "=~", "|".join(receiver.severities))
    gathered = Waits(group=30, interval=300, repeat=repeat)
    verdicts = Waits(group=0, interval=EXPLAINED_WAIT, repeat=repeat)
    return Route(receiver.name, (wanted,), gathered, receiver.mute_times, verdicts=verdicts)


def _inhibitions(alerts: Sequence[Alert]) -> tuple[Inhibition, ...]:
    titles = {alert.slug: alert.title for alert in alerts}
    for alert in alerts:
        if alert.follows and alert.follows not in titles:
            raise ValueError(f"alert {alert.slug} follows {alert.follows!r}, which is no alert")
    causes = dict.fromkeys(alert.follows for alert in alerts if alert.follows)
    return tuple(Inhibition(titles[slug], slug) for slug in causes)
