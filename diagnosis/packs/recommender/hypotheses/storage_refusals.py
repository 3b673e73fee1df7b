"""Storage answers, and refuses: what its refusals say, one entry for each."""

from diagnosis.packs.recommender.hypotheses.hypothesis import Expect, Hypothesis, unmoved, up
from diagnosis.packs.recommender.hypotheses.infrastructure import AWAY, STARVED, WRITES_TOO

RUNBOOK = "storage-errors"
REASONS = ("storage_error",)
PREDICTS: tuple[Expect, ...] = (
    up("refused", 2),
    unmoved("broken"),
    unmoved("own_work"),
    unmoved("timed_out"),
)

STORAGE_REFUSALS = (
    Hypothesis(
        "storage-throttled",
        "infrastructure",
        "storage",
        "Storage throttles: it refuses {throttled.after} of the reads, instead of {throttled.before}, and "
        "asks for fewer requests.",
        "Find who sends so many requests to the bucket; spread keys over prefixes or raise the limit. A "
        "longer cache lifetime reduces the requests at once.",
        RUNBOOK,
        needs=(up("throttled"),),
        predicts=PREDICTS,
        excluded_by=(AWAY,),
        explains=WRITES_TOO,
        reasons=REASONS,
    ),
    Hypothesis(
        "storage-credentials",
        "infrastructure",
        "configuration",
        "Storage refuses the service's credentials: {denied.after} of the reads, instead of {denied.before}, "
        "are denied. Storage itself is healthy.",
        "Check if keys were rotated, have expired or lost a permission: STORAGE_ACCESS_KEY, "
        "STORAGE_SECRET_KEY and the policy of their user. Restart the service with the right ones.",
        RUNBOOK,
        needs=(up("denied"),),
        predicts=PREDICTS,
        excluded_by=(AWAY,),
        explains=WRITES_TOO,
        reasons=REASONS,
    ),
    Hypothesis(
        "clock-skew",
        "infrastructure",
        "host",
        "The clock of the service's host is wrong: storage refuses {skewed.after} of the reads, instead of "
        "{skewed.before}, for the time of their signature. Storage itself is healthy.",
        "Compare the host's clock with a time server and correct it (NTP). If it is right, requests wait "
        "minutes between signing and sending: look for a process that stands still.",
        RUNBOOK,
        needs=(up("skewed"),),
        predicts=PREDICTS,
        excluded_by=(STARVED, AWAY),
        explains=WRITES_TOO,
        reasons=REASONS,
    ),
    Hypothesis(
        "storage-region",
        "infrastructure",
        "configuration",
        "The service asks for the bucket in the wrong region: {misplaced.after} of the reads, instead of "
        "{misplaced.before}, are refused or redirected for it.",
        "Set STORAGE_REGION and STORAGE_ENDPOINT to where the bucket is; find the change that moved them.",
        RUNBOOK,
        needs=(up("misplaced"),),
        predicts=PREDICTS,
        excluded_by=(AWAY,),
        explains=WRITES_TOO,
        reasons=REASONS,
    ),
    Hypothesis(
        "missing-bucket",
        "data",
        "bucket",
        "The bucket is gone: {bucketless.after} of the reads, instead of {bucketless.before}, find none, "
        "although storage is healthy.",
        "Check STORAGE_BUCKET, and what deleted the bucket. Restore it, or create it and train anew.",
        RUNBOOK,
        needs=(up("bucketless"),),
        predicts=PREDICTS,
        excluded_by=(AWAY,),
        explains=WRITES_TOO,
        reasons=REASONS,
    ),
)
