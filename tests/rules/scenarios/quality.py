"""Quality against its past: everybody's, one segment's, by every measure; through the recording rules."""

from tests.rules.promtool import counter
from tests.rules.scenarios.scenario import AFTER, RECOMMENDER, TROUBLE, Scenario, Series

CALM = 900
WHOLE = CALM + TROUBLE + AFTER
SEEN = 'service_name="recommender", model_version="%s", segment="%s", source="%s"'
COUNTS = "recommendation_%s_total{%s}"


def counted(name: str, of: str, before: float, during: float, seconds: int = TROUBLE) -> Series:
    """A counter's increase in 10 seconds, before and after the trouble, and during it."""
    phases = (CALM, before), (seconds, during), (WHOLE - CALM - seconds, before)
    return {COUNTS % (name, of): counter(*phases)}


def hitting(
    before: float,
    during: float,
    *,
    labelled: int = 200,
    segment: str = "heavy",
    version: str = "als16-1",
    source: str = "personalised",
    seconds: int = TROUBLE,
) -> Series:
    """Requests of which shares are hits, `labelled` of them in 10 seconds."""
    of = SEEN % (version, segment, source)
    hits = counted("hits", of, before * labelled, during * labelled, seconds)
    return {**hits, **counted("labelled", of, labelled, labelled)}


def segments(light: float, regular: float, heavy: float, labelled: int = 70) -> Series:
    """Three segments that hit .6 of the time, and other shares during the trouble."""
    found: dict[str, str] = {}
    for segment, during in (("light", light), ("regular", regular), ("heavy", heavy)):
        found |= hitting(0.6, during, labelled=labelled, segment=segment)
    return found


def ranked(name: str, before: float, during: float, labelled: int = 200) -> Series:
    """Means per answer of a sum over answers, as the package has them."""
    of = 'service_name="recommender", model_version="als16-1", segment="heavy", quantity="%s"'
    series = dict(hitting(before, during, labelled=labelled))
    for quantity, was, is_now in ((name, before, during), ("judged", 1, 1)):
        values = counter((CALM, was * labelled), (TROUBLE, is_now * labelled), (AFTER, was * labelled))
        series[f"model_quality_total{{{of % quantity}}}"] = values
    return series


def clicked(before: float, during: float, labelled: int = 200) -> Series:
    of = SEEN % ("als16-1", "heavy", "personalised")
    shown = 10 * labelled
    return {
        **counted("clicks", of, before * shown, during * shown),
        **counted("impressions", of, shown, shown),
        **counted("labelled", of, labelled, labelled),
    }


def rated(before: float, during: float, thumbs: float = 40, seconds: int = TROUBLE) -> Series:
    """Thumbs in 10 seconds, and the shares of them that point down."""
    of = SEEN % ("als16-1", "heavy", "personalised")
    up, down = (f'{of}, direction="{direction}"' for direction in ("up", "down"))
    return {
        **counted("thumbs", up, (1 - before) * thumbs, (1 - during) * thumbs, seconds),
        **counted("thumbs", down, before * thumbs, during * thumbs, seconds),
    }


def ranking(name: str) -> Scenario:
    return Scenario(
        quiet={
            "a tenth worse": ranked(name, 0.4, 0.36),
            "few": ranked(name, 0.4, 0.2, labelled=20),
            "better": ranked(name, 0.4, 0.6),
        },
        quiet_for=1500,
        breach=ranked(name, 0.4, 0.2),
        fires_at=970,
        over_at=1340,
        value="68.18%",
        labels=RECOMMENDER,
    )


SCENARIOS = {
    "hit-rate-dropped": Scenario(
        quiet={
            "a twelfth worse": hitting(0.63, 0.58),
            "a fifth worse for 20 seconds": hitting(0.63, 0.5, seconds=20),
            "a fifth worse, which is chance with so few": hitting(0.63, 0.5, labelled=20),
            "few": hitting(0.63, 0, labelled=4),
            "better": hitting(0.4, 0.63),
        },
        quiet_for=1500,
        breach=hitting(0.63, 0.42),
        fires_at=930,
        over_at=1260,
        value="80%",
        labels=RECOMMENDER,
    ),
    "hit-rate-lower": Scenario(
        quiet={
            "a twentieth worse": hitting(0.63, 0.6),
            "a tenth worse, which is chance with so few": hitting(0.63, 0.567, labelled=20),
        },
        quiet_for=1500,
        breach=hitting(0.63, 0.567),
        fires_at=1010,
        over_at=1260,
        value="93.53%",
        labels=RECOMMENDER,
    ),
    "segment-hurt": Scenario(
        quiet={
            "all are hurt": segments(0.3, 0.4, 0.3),
            "a tenth worse": segments(0.6, 0.6, 0.54),
            "few": segments(0.6, 0.6, 0.3, labelled=10),
            "users nobody knows": {**segments(0.6, 0.6, 0.6), **hitting(0.2, 0, segment="unknown")},
        },
        quiet_for=1500,
        breach=segments(0.6, 0.6, 0.3),
        fires_at=930,
        over_at=1260,
        value="70%",
        labels={**RECOMMENDER, "segment": "heavy"},
    ),
    "ndcg-dropped": ranking("ndcg"),
    "reciprocal-rank-dropped": ranking("reciprocal_rank"),
    "precision-dropped": ranking("precision"),
    "click-through-dropped": Scenario(
        quiet={"a tenth worse": clicked(0.1, 0.09), "few": clicked(0.1, 0, labelled=20)},
        quiet_for=1500,
        breach=clicked(0.1, 0.05),
        fires_at=970,
        over_at=1340,
        value="68.18%",
        labels=RECOMMENDER,
    ),
    "feedback-stopped": Scenario(
        quiet={"lists at random": clicked(0.1, 0.002), "few": clicked(0.1, 0, labelled=20)},
        quiet_for=1500,
        breach=clicked(0.1, 0),
        fires_at=1040,
        over_at=1270,
        value="0%",
        labels=RECOMMENDER,
    ),
    "thumbs-down-up": Scenario(
        quiet={
            "5 points more": rated(0.1, 0.15),
            "few": rated(0.1, 0.9, thumbs=8),
            "mended": rated(0.1, 0.22, seconds=260),
        },
        quiet_for=1500,
        breach=rated(0.1, 0.4),
        fires_at=1030,
        over_at=1300,
        value="13.45%",
        labels=RECOMMENDER,
    ),
}
