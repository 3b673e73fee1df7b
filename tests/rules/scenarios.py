"""For each alert: what stays just below it, and what breaches it, second by second."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.rules.promtool import histogram

Series = Mapping[str, str]


@dataclass(frozen=True)
class Scenario:
    """Times in seconds from the start of the series.

    With each of `quiet` the alert never fires. With `breach` it is silent at `silent_at`, the last evaluation
    before, fires at `fires_at` saying `value`, still fires at `firing_until`, and is over at `over_at`.
    """

    quiet: Mapping[str, Series]
    breach: Series
    silent_at: int
    fires_at: int
    firing_until: int
    over_at: int
    value: str
    labels: Mapping[str, str]


STORAGE = (
    'storage_operation_duration_seconds{service_name="recommender", operation="GetObject", outcome="ok"}'
)
RECOMMENDER = {"service_name": "recommender"}
FAST = {0.02: 200}

SCENARIOS = {
    "high-storage-latency": Scenario(
        quiet={
            "299 ms": {STORAGE: histogram((900, {0.299: 200}))},
            "one slow minute": {STORAGE: histogram((400, FAST), (60, {1.2: 200}), (440, FAST))},
            "idle": {STORAGE: histogram((900, {}))},
            "another service": {STORAGE.replace("recommender", "trainer"): histogram((900, {2.0: 200}))},
        },
        breach={STORAGE: histogram((600, {0.05: 200}), (600, {0.55: 200}), (600, {0.05: 200}))},
        silent_at=720,
        fires_at=780,
        firing_until=1320,
        over_at=1380,
        value="360 ms",
        labels=RECOMMENDER,
    ),
    "storage-slower-than-deadline": Scenario(
        quiet={
            "all at 240 ms": {STORAGE: histogram((900, {0.24: 200}))},
            "4% slow": {STORAGE: histogram((900, {0.02: 192, 1.0: 8}))},
            "slow for one step": {STORAGE: histogram((300, FAST), (10, {1.0: 20, 0.02: 180}), (590, FAST))},
            "idle": {STORAGE: histogram((60, {1.0: 1}), (840, {}))},
            "few": {STORAGE: histogram((900, {1.0: 4}))},
            "another service": {STORAGE.replace("recommender", "trainer"): histogram((900, {2.0: 200}))},
        },
        breach={STORAGE: histogram((300, FAST), (300, {0.02: 160, 0.6: 40}), (300, FAST))},
        silent_at=330,
        fires_at=340,
        firing_until=640,
        over_at=660,
        value="631.1ms",
        labels=RECOMMENDER,
    ),
}
