"""What a scenario is, and the lengths most of them have."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Series = Mapping[str, str]
"""Samples by series, both as promtool writes them."""

CALM, TROUBLE, AFTER = 300, 300, 600
"""Seconds of the phases of a short story."""

MENDED = 100
"""Seconds of trouble that is over before a slow alert would tell it: it then stays silent."""

BRIEF = 20
"""Seconds of trouble that is over long before a steady alert, which waits two minutes, would tell it."""

NEVER = 3600
"""Seconds after which an alert that is never over still fires."""

RECOMMENDER: Mapping[str, str] = {"service_name": "recommender"}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Times in seconds from the start of the series.

    With each of `quiet` the alert never fires within `quiet_for`. With `breach` it first fires at `fires_at`,
    saying `value` and the measure `worst`, and is over at `over_at`: one evaluation before each of them it
    does not and does.
    """

    breach: Series
    fires_at: int
    over_at: int
    value: str
    worst: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    quiet: Mapping[str, Series] = field(default_factory=dict)
    quiet_for: int = 900
