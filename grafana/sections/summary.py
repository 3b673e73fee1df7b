"""The first look: in five seconds, is it the model or the infrastructure?"""

from grafana import links
from grafana.options import (
    BLUE,
    GREEN,
    ORANGE,
    PERCENT,
    PURPLE,
    RED,
    REQUEST_RATE,
    Heading,
    Levels,
    Query,
    Value,
)
from grafana.panels import Panel, stat, state, text
from grafana.sections import storage
from prometheus import objectives
from prometheus import queries as q
from prometheus.names import series
from telemetry import instruments

REQUESTS = series(instruments.RECOMMENDATION_REQUESTS)
PERSONALISED = 'source="personalised"'
STORAGE_FAILED = 'reason=~"storage_.*"'

LAG = series(instruments.EVENT_LOOP_LAG)
OVERLOADED = 0.1
"""Seconds that the event loop may be late, 99th percentile, before all times measured in it mislead."""

VERDICTS = {
    0: ("All well", GREEN),
    1: ("Storage", RED),
    2: ("The model", PURPLE),
    3: ("Storage and the model", RED),
    4: ("Overload", ORANGE),
    5: ("Storage or overload", RED),
    6: ("The model, and overload", PURPLE),
    7: ("Everything", RED),
}

HOW_TO_READ = f"""\
- **Users' hit rate falls, the model's own holds**: answers lack fresh features, look at storage.
- **Both fall together and storage is fast**: look at the model, its version and its data.
- After {storage.DEADLINE_MS} ms without storage, a request is answered from a stale copy or the popular list.
"""


def panels() -> list[Panel]:
    """One line of numbers, one of words. Ids 1–8."""
    return [
        where_to_look(),
        users_hit_rate(),
        models_hit_rate(),
        personalised_answers(),
        storage_p95(),
        beyond_deadline(),
        requests(),
        text(8, "How to read this", HOW_TO_READ, height=4),
    ]


def where_to_look() -> Panel:
    suspects = [_storage_fails(), _model_is_worse(), _recommender_is_late()]
    verdict = " + ".join(f"{2**bit:g} * ({q.or_zero(suspect)})" for bit, suspect in enumerate(suspects))
    return state(
        Heading(
            1,
            "Where to look",
            f"Storage: over {objectives.STORAGE_DEADLINE_MISSES:.0%} of answers had to do without it. "
            f"Model: the hit rate of its personalised answers is below {objectives.MODEL_HIT_RATE_KEPT:.0%} "
            "of their last hour's. Overload: the recommender's event loop is more than "
            f"{OVERLOADED * 1000:.0f} ms late, which makes storage look slow, too. Good: all well.",
        ),
        Query(f"({verdict}) and ({q.rate(REQUESTS, window='1m')} > 0)"),
        VERDICTS,
        no_value="No traffic",
        data_links=[
            links.dashboard("Quality and storage", links.QUALITY),
            links.dashboard("Model and data", links.MODEL_AND_DATA),
            links.dashboard("Object storage", links.OBJECT_STORAGE),
            links.dashboard("Service", links.SERVICE, service_name=storage.SERVICE),
        ],
        width=6,
    )


def _storage_fails() -> str:
    served, failed = q.rate(REQUESTS, window="1m"), q.rate(REQUESTS, STORAGE_FAILED, window="1m")
    return f"{failed} / {served} > bool {objectives.STORAGE_DEADLINE_MISSES:g}"


def _model_is_worse() -> str:
    own, past = q.hit_rate(PERSONALISED, window="5m"), q.hit_rate(PERSONALISED, window="1h")
    return f"{own} < bool {objectives.MODEL_HIT_RATE_KEPT:g} * ({past})"


def _recommender_is_late() -> str:
    return f"{q.quantile(0.99, LAG, storage.RECOMMENDER, window='1m')} > bool {OVERLOADED:g}"


def users_hit_rate() -> Panel:
    return stat(
        Heading(
            2,
            "Users' hit rate",
            "Share of requests in which the user clicked at least one item, all answers, over 5 minutes. "
            "Good: close to the model's own hit rate.",
        ),
        Query(q.known(q.hit_rate(window="5m"))),
        PERCENT,
        Levels(BLUE),
    )


def models_hit_rate() -> Panel:
    return stat(
        Heading(
            3,
            "Model's own hit rate",
            "Hit rate of personalised answers only, over 5 minutes: storage cannot spoil it. Good: steady. "
            "When it falls, ask the model.",
        ),
        Query(q.known(q.hit_rate(PERSONALISED, window="5m"))),
        PERCENT,
        Levels(BLUE),
    )


def personalised_answers() -> Panel:
    personalised, served = q.rate(REQUESTS, PERSONALISED, window="1m"), q.rate(REQUESTS, window="1m")
    return stat(
        Heading(
            4,
            "Personalised answers",
            "Share of answers made with the user's own fresh features, over 1 minute. Good: above 95%.",
        ),
        Query(q.known(f"{personalised} / {served}")),
        PERCENT,
        Levels(RED, [(0.8, ORANGE), (0.95, GREEN)]),
    )


def storage_p95() -> Panel:
    return stat(
        Heading(
            5,
            "Storage p95",
            "95th percentile of storage operations, over 1 minute. Good: well below the deadline of "
            f"{storage.DEADLINE_MS} ms.",
        ),
        Query(q.known(q.quantile(0.95, storage.DURATION, storage.RECOMMENDER, window="1m"))),
        Value("s", decimals=0),
        Levels(steps=[(objectives.STORAGE_DEADLINE / 2, ORANGE), (objectives.STORAGE_DEADLINE, RED)]),
        data_links=[storage.SLOW_CALLS],
    )


def beyond_deadline() -> Panel:
    return stat(
        Heading(
            6,
            "Beyond the deadline",
            "Share of storage operations slower than the deadline, over 1 minute. Good: 0%.",
        ),
        Query(q.known(storage.share_beyond_deadline("1m"))),
        PERCENT,
        Levels(
            steps=[
                (objectives.STORAGE_DEADLINE_MISSES / 5, ORANGE),
                (objectives.STORAGE_DEADLINE_MISSES, RED),
            ]
        ),
        data_links=[storage.SLOW_CALLS],
    )


def requests() -> Panel:
    return stat(
        Heading(
            7,
            "Requests",
            "Recommendations served per second, over 1 minute. Good: what you expect at this hour.",
        ),
        Query(q.rate(REQUESTS, window="1m")),
        REQUEST_RATE,
        Levels(BLUE),
    )
