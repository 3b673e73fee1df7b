"""Who is told, and how soon: one definition for Grafana's policies and for Alertmanager's route."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Routing:
    """Durations in seconds. Alerts with the same `group_by` labels come in one message."""

    receiver: str
    group_by: tuple[str, ...]
    group_wait: int
    group_interval: int
    repeat_interval: int


ROUTING = Routing(
    receiver="incidents",
    group_by=("alertname", "component"),
    group_wait=0,
    group_interval=10,
    repeat_interval=4 * 3600,
)
