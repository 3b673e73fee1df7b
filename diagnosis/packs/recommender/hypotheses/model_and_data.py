"""The model and what it is fed with: one entry for each cause."""

from diagnosis.packs.recommender.hypotheses.hypothesis import Excluder, Hypothesis, unmoved, up

SAME_FAILS = Excluder("by_storage", "storage failed first: features that cannot be read or written expire")
STORAGE_FAILS = Excluder("failed", "storage failed first: features that cannot be read or written expire")
SILENT = Excluder("feedback_lost", "user feedback stopped arriving: quality is unknown")
SHIFTED = Excluder("violations", "items unknown to the model were found: its catalogue is wrong")
ALONE = Excluder("one_segment", "the new version is worse in one segment only")
NEWER = Excluder("version_explains", "a new version is worse than the other one for the same users")

MODEL_AND_DATA = (
    Hypothesis(
        "bad-model",
        "model",
        "model",
        "A new model version recommends worse than the other version for the same users at the same time: "
        "{version_worse.after} of hit rate, in all segments. Its requests show no errors or delays.",
        "Roll the version back with `make rollback`, then compare its training run and model card with the "
        "other version's.",
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
        "A new model version is worse for one user segment: {one_segment.after} of hit rate there, "
        "{one_segment.before} for all others.",
        "Roll the version back with `make rollback`, then check this segment in the training data.",
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
        "The mix of users changed: {segment_mix.after} of the requests moved to other segments. Each segment "
        "is served as well as before; the change of the mix lowers the hit rate.",
        "Find out why the mix of users changed; retrain with data that has this mix.",
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
        "User preferences changed: the same users, served by the same version from fresh features, choose "
        "fewer recommended items, in all segments. Nothing else changed.",
        "Retrain with recent feedback. No change in the infrastructure will restore the hit rate.",
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
        "Users' features are missing from storage, although storage is healthy: {missing.after} of the "
        "answers were made without them instead of {missing.before}.",
        "Run the feature job for all users, then find out what deleted the objects or failed to write them.",
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
        "The feature job stopped: the oldest features are {age_p95.after} old instead of {age_p95.before}, "
        "and {expired.after} of the answers are made without them.",
        "Restart the feature job (process `features`); its log says why it stopped.",
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
        "The live version's catalogue is wrong: features name items unknown to the model "
        "({violations.after} per answer instead of {violations.before}), and users see the wrong items.",
        "Publish the version again from its training run; compare the item ids of model card, arrays and "
        "data set.",
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
