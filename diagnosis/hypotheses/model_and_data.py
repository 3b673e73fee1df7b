"""The model and what it is fed with: one entry for each cause."""

from diagnosis.hypotheses.hypothesis import Excluder, Hypothesis, unmoved, up

SAME_FAILS = Excluder("by_storage", "storage failed first: features that cannot be read or written grow old")
STORAGE_FAILS = Excluder("failed", "storage failed first: features that cannot be read or written grow old")
SILENT = Excluder("feedback_lost", "users' feedback stopped arriving: quality is not known")
SHIFTED = Excluder("violations", "items the model does not know were seen: its catalogue is wrong")
ALONE = Excluder("one_segment", "the new version is as good as the other for all but one segment")
NEWER = Excluder("version_explains", "a new version is worse than the one beside it, for the same users")

MODEL_AND_DATA = (
    Hypothesis(
        "bad-model",
        "model",
        "model",
        "A new model version recommends worse than the one beside it, to the same users at the same time: "
        "{version_worse.after} of hit rate, in all segments; its requests are healthy.",
        "Roll the version back with `make rollback`, then compare its training and card with the other's.",
        "model-version-worse",
        needs=(up("version_worse"),),
        predicts=(
            up("newcomer"),
            unmoved("violations"),
            unmoved("segment_mix"),
            unmoved("by_storage"),
        ),
        excluded_by=(SILENT, ALONE),
        explains={"quality": "version"},
        newcomer=("version",),
    ),
    Hypothesis(
        "biased-segment",
        "data",
        "training data",
        "A new model version fails one segment of users only: {one_segment.after} of hit rate there, "
        "{one_segment.before} for all others.",
        "Roll the version back with `make rollback`; look for that segment's part of the training data.",
        "segment-hurt",
        needs=(up("version_worse"), up("one_segment")),
        predicts=(up("newcomer"), unmoved("violations"), unmoved("segment_mix"), unmoved("by_storage")),
        excluded_by=(SILENT,),
        explains={"quality": "version"},
        newcomer=("version", "segment"),
    ),
    Hypothesis(
        "covariate-drift",
        "data",
        "users",
        "Other users come: {segment_mix.after} of the requests moved to other segments. Each segment is "
        "served as well as before; the mix is what costs hit rate.",
        "Find out why other users come; train with data that has this mix.",
        "segment-mix-drift",
        needs=(up("segment_mix"),),
        predicts=(
            up("lost_by_segment", 2),
            up("segment_drift", 2),
            unmoved("lost_within"),
            unmoved("version_worse"),
            unmoved("by_storage"),
        ),
        excluded_by=(SILENT,),
        explains={"quality": "segment"},
    ),
    Hypothesis(
        "concept-drift",
        "data",
        "users",
        "Users' tastes moved: the same users, served by the same version from fresh features, choose less of "
        "what is recommended, in all segments alike. Nothing else moved.",
        "Train again with recent feedback; until then nothing in the stack will bring the hit rate back.",
        "hit-rate",
        needs=(up("lost_within"),),
        predicts=(
            unmoved("segment_drift"),
            unmoved("factor_drift"),
            unmoved("prediction_drift"),
            unmoved("segment_mix"),
            unmoved("by_storage", 2),
            unmoved("violations", 2),
            unmoved("version_explains", 2),
            unmoved("popularity", 2),
            unmoved("compute"),
        ),
        excluded_by=(SILENT, SHIFTED, NEWER),
        explains={"quality": "within"},
    ),
    Hypothesis(
        "missing-features",
        "data",
        "features",
        "Users' features are missing from storage, which answers well: {missing.after} of the answers went "
        "without them instead of {missing.before}.",
        "Run the feature job for all users and look for what deleted or never wrote the objects.",
        "features-missing",
        needs=(up("missing"),),
        predicts=(unmoved("failed", 2), unmoved("expired"), unmoved("storage_p50"), unmoved("compute")),
        explains={"degraded": "missing", "quality": "missing"},
        reasons=("features_missing",),
    ),
    Hypothesis(
        "stale-features",
        "data",
        "features",
        "The feature job stopped: the oldest are {age_p95.after} old instead of {age_p95.before}, and "
        "{expired.after} of the answers have to go without them.",
        "Start the feature job again (process `features`) and read why it ended.",
        "features-expired",
        needs=(up("ageing"),),
        predicts=(
            up("expired", 2),
            up("age_p95", 2),
            unmoved("failed", 2),
            unmoved("missing"),
            unmoved("storage_p50"),
        ),
        excluded_by=(STORAGE_FAILS, SAME_FAILS),
        explains={"degraded": "expired", "quality": "expired", "ageing": "all"},
        reasons=("features_expired",),
    ),
    Hypothesis(
        "catalogue-corruption",
        "data",
        "catalogue",
        "The live version's catalogue is wrong: features name items that the model does not know "
        "({violations.after} per answer instead of {violations.before}), and what is shown is not what was "
        "meant.",
        "Publish the version again from its training run; compare item ids of card, arrays and data set.",
        "schema-violations",
        needs=(up("violations"),),
        predicts=(
            up("lost_within", 2),
            up("popularity_moved"),
            unmoved("version_worse"),
            unmoved("by_storage"),
            unmoved("segment_mix"),
        ),
        explains={"quality": "within_or_version", "degraded": "invalid"},
    ),
)
