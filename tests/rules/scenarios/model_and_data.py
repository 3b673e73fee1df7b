"""Versions against each other, what they show, what they are given, and how much is asked for."""

from tests.rules.promtool import counter, gauge, histogram
from tests.rules.scenarios.quality import CALM, COUNTS, WHOLE, counted, hitting
from tests.rules.scenarios.scenario import AFTER, RECOMMENDER, TROUBLE, Scenario, Series

VERSION = 'service_name="recommender", model_version="als16-1"'
OF_VERSION = {**RECOMMENDER, "model_version": "als16-1"}
OF_FEATURE = 'service_name="recommender", model_name="recommendations", model_version="als16-1", feature="%s"'
AGE = 'recommendation_feature_age_seconds{service_name="recommender", feature="user"}'
ANSWERS = 'service_name="recommender", model_version="als16-1", source="%s", reason="%s"'


def versions(during: float, labelled: int = 60) -> Series:
    """One version that always hits .63, and one that hits less during the trouble."""
    old = hitting(0.63, 0.63, labelled=140, version="als16-1")
    return {**old, **hitting(0.63, during, labelled=labelled, version="als16-2")}


def drifting(
    feature: str,
    during: float,
    *,
    segment: str = "",
    bins: tuple[str, str] = ("01", "02"),
    number: float = 200,
    seconds: int = TROUBLE,
) -> Series:
    """Values of a feature in 10 seconds, half of them in the first bin, in the trouble another share."""
    of = OF_FEATURE % feature + (f', segment="{segment}"' if segment else "")
    series = {}
    for name, share in ((bins[0], during), (bins[1], 1 - during)):
        phases = (CALM, number / 2), (seconds, share * number), (TROUBLE - seconds + AFTER, number / 2)
        series[f'model_feature_values_total{{{of}, bin="{name}"}}'] = counter(*phases)
        series[f'model_reference_values{{{of}, bin="{name}"}}'] = gauge((WHOLE, 10_000))
    return series


def answered(reason: str, share: float, usually: float = 0, requests: int = 200) -> Series:
    """Requests in 10 seconds of which a share has another reason than ok during the trouble."""
    return {
        **counted(
            "requests", ANSWERS % ("personalised", "ok"), (1 - usually) * requests, (1 - share) * requests
        ),
        **counted("requests", ANSWERS % ("popular", reason), usually * requests, share * requests),
    }


def asked(before: float, during: float) -> Series:
    """Requests in 10 seconds."""
    return counted("requests", ANSWERS % ("personalised", "ok"), before, during)


def violated(share: float) -> Series:
    broken = 'service_name="recommender", feature="seen", kind="unknown_item"'
    begun = f"_x{CALM // 10} " + counter((TROUBLE, share * 200), (AFTER, 0)).removeprefix("0 ")
    return {COUNTS % ("schema_violations", broken): begun, **asked(200, 200)}


SCENARIOS = {
    "model-version-worse": Scenario(
        quiet={
            "one version alone": hitting(0.63, 0.3),
            "a tenth worse": versions(0.57),
            "few": versions(0.2, labelled=4),
            "popular answers only": {
                **hitting(0.63, 0.63, version="als16-1"),
                **hitting(0.63, 0.1, version="als16-2", source="popular"),
            },
        },
        quiet_for=1500,
        breach=versions(0.4),
        fires_at=980,
        over_at=1330,
        value="73.45%",
        labels={**RECOMMENDER, "model_version": "als16-2"},
    ),
    "prediction-drift": Scenario(
        quiet={
            "some": drifting("top_score", 0.7),
            "another feature": drifting("seen_count", 0.9),
            "few": drifting("top_score", 0.9, number=10),
        },
        quiet_for=1500,
        breach=drifting("top_score", 0.9),
        fires_at=1000,
        over_at=1310,
        value="0.67",
        labels=OF_VERSION,
    ),
    "feature-drift": Scenario(
        quiet={
            "some": drifting("seen_count", 0.7, segment="heavy"),
            "for 20 seconds": drifting("seen_count", 0.9, segment="heavy", seconds=20),
            "few": drifting("seen_count", 0.9, segment="heavy", number=10),
            "the mix": drifting("segment_mix", 0.9, bins=("light", "heavy")),
        },
        quiet_for=1500,
        breach={
            **drifting("seen_count", 0.9, segment="heavy"),
            **drifting("seen_count", 0.5, segment="light", number=1_000),
        },
        fires_at=1000,
        over_at=1310,
        value="0.67",
        labels={**RECOMMENDER, "feature": "seen_count", "segment": "heavy"},
    ),
    "segment-mix-drift": Scenario(
        quiet={
            "some": drifting("segment_mix", 0.6, bins=("light", "heavy")),
            "a feature": drifting("seen_count", 0.7),
        },
        quiet_for=1500,
        breach=drifting("segment_mix", 0.9, bins=("light", "heavy")),
        fires_at=980,
        over_at=1330,
        value="0.387",
        labels={**RECOMMENDER, "feature": "segment_mix", "segment": "all"},
    ),
    "unknown-users-up": Scenario(
        quiet={
            "3 points more": answered("unknown_user", 0.04, usually=0.01),
            "always many": answered("unknown_user", 0.3, usually=0.3),
            "few": answered("unknown_user", 0.5, usually=0.01, requests=10),
        },
        quiet_for=1500,
        breach=answered("unknown_user", 0.2, usually=0.01),
        fires_at=950,
        over_at=1300,
        value="19%",
        labels=RECOMMENDER,
    ),
    "features-missing": Scenario(
        quiet={
            "4%": answered("features_missing", 0.04),
            "late storage": answered("storage_deadline", 0.9),
            "few": answered("features_missing", 0.9, requests=4),
        },
        quiet_for=1500,
        breach=answered("features_missing", 0.3),
        fires_at=940,
        over_at=1310,
        value="20.83%",
        labels=RECOMMENDER,
    ),
    "features-expired": Scenario(
        quiet={"4%": answered("features_expired", 0.04), "missing": answered("features_missing", 0.9)},
        quiet_for=1500,
        breach=answered("features_expired", 0.5),
        fires_at=920,
        over_at=1270,
        value="17.24%",
        labels=RECOMMENDER,
    ),
    "features-ageing": Scenario(
        quiet={
            "a third is old": {AGE: histogram((CALM, {30.0: 200}), (600, {30.0: 130, 170.0: 70}))},
            "few": {AGE: histogram((CALM, {170.0: 4}))},
        },
        quiet_for=1500,
        breach={AGE: histogram((CALM, {30.0: 200}), (TROUBLE, {150.0: 200}), (AFTER, {30.0: 200}))},
        fires_at=940,
        over_at=1250,
        value="2m 24s",
        labels=RECOMMENDER,
    ),
    "schema-violations": Scenario(
        quiet={"1 in 200": violated(0.005), "none yet": asked(200, 200)},
        quiet_for=1500,
        breach=violated(0.5),
        fires_at=920,
        over_at=1260,
        value="20.83%",
        labels=RECOMMENDER,
    ),
    "traffic-surge": Scenario(
        quiet={
            "half as many again": asked(200, 300),
            "a service that starts": {
                COUNTS % ("requests", ANSWERS % ("personalised", "ok")): counter((WHOLE, 200))
            },
            "hardly any before": asked(2, 200),
        },
        quiet_for=1500,
        breach=asked(200, 600),
        fires_at=960,
        over_at=1290,
        value="3",
        labels=RECOMMENDER,
    ),
    "demand-fell": Scenario(
        quiet={"two thirds left": asked(200, 132), "hardly any before": asked(4, 0)},
        quiet_for=1500,
        breach=asked(200, 40),
        fires_at=970,
        over_at=1280,
        value="20%",
        labels=RECOMMENDER,
    ),
}
