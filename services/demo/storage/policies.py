"""Who may do what in the bucket, as data: S3 policies with the bucket's name filled in."""

from typing import Any

READ, WRITE, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"

OBJECT_ACTIONS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "recommender": (("*", (READ,)), ("feedback/*", (WRITE,))),
    "trainer": (("*", (READ, WRITE, DELETE)),),
    "features": (
        ("live.json", (READ,)),
        ("models/*", (READ,)),
        ("features/*", (WRITE,)),
        ("materialised/*", (WRITE,)),
    ),
    "thanos": (("metrics/*", (READ, WRITE, DELETE)),),
}
"""By policy, the keys and what may be done with them; each service has a user and a policy of its own."""


def make_policy(name: str, bucket: str) -> dict[str, Any]:
    """The policy document `name`: list the bucket, and that service's actions on its objects."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": [f"arn:aws:s3:::{bucket}"],
            },
            *(
                {"Effect": "Allow", "Action": list(actions), "Resource": [f"arn:aws:s3:::{bucket}/{keys}"]}
                for keys, actions in OBJECT_ACTIONS[name]
            ),
        ],
    }
