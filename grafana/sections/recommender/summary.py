"""The first look: in five seconds, is it the model or the infrastructure?"""

from config import Config
from grafana.options import (
    BLUE,
    GREEN,
    ORANGE,
    PERCENT,
    RED,
    REQUEST_RATE,
    WIDE_NUMBER,
    Heading,
    Levels,
    Query,
    Size,
)
from grafana.panels import Panel, stat, text
from grafana.sections import verdict
from grafana.sections.recommender import storage
from prometheus import indicators as sli
from prometheus import queries as q

HOW_TO_READ = """\
- **Users' hit rate falls, the model's own holds**: answers lack fresh features, look at storage.
- **Both fall together and storage is fast**: look at the model, its version and its data.
- After {deadline} ms without storage, a request is answered from a stale copy or the popular list.
"""


def panels(config: Config) -> list[Panel]:
    """Two lines of numbers, one of words. Ids 1–8."""
    return [
        verdict.where_to_look(config, Size(12, 3)),
        users_hit_rate(),
        models_hit_rate(),
        personalised_answers(),
        storage.latency_now(config, 5, "Storage latency, p95", WIDE_NUMBER),
        storage.misses_now(config, 6, "Storage past its deadline", WIDE_NUMBER),
        requests(),
        text(8, "How to read this", HOW_TO_READ.format(deadline=storage.deadline_ms(config)), height=4),
    ]


def users_hit_rate() -> Panel:
    return stat(
        Heading(
            2,
            "Users' hit rate",
            "Share of requests in which the user clicked at least one item, all answers, over 5 minutes. "
            "Good: close to the model's own hit rate.",
        ),
        Query(q.known(sli.hit_rate(window="5m"))),
        PERCENT,
        Levels(BLUE),
        size=WIDE_NUMBER,
    )


def models_hit_rate() -> Panel:
    return stat(
        Heading(
            3,
            "Model's own hit rate",
            "Hit rate of personalised answers only, over 5 minutes: slow storage does not affect it. Good: "
            "steady. When it falls, look at the model.",
        ),
        Query(q.known(sli.hit_rate(sli.PERSONALISED, window="5m"))),
        PERCENT,
        Levels(BLUE),
        size=WIDE_NUMBER,
    )


def personalised_answers() -> Panel:
    return stat(
        Heading(
            4,
            "Personalised answers",
            "Share of answers made with the user's own fresh features, over 1 minute. Good: above 95%.",
        ),
        Query(q.known(sli.answers_share(sli.PERSONALISED, window="1m"))),
        PERCENT,
        Levels(RED, [(0.8, ORANGE), (0.95, GREEN)]),
        size=WIDE_NUMBER,
    )


def requests() -> Panel:
    return stat(
        Heading(
            7,
            "Requests",
            "Recommendations served per second, over 1 minute. Good: as usual at this hour.",
        ),
        Query(sli.answers(window="1m")),
        REQUEST_RATE,
        Levels(BLUE),
        size=WIDE_NUMBER,
    )
