"""Who may do what in the bucket, as data: S3 policies with the bucket's name filled in."""

from typing import Any

READ_OBJECTS = ("s3:GetObject",)
WRITE_OBJECTS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")

OBJECT_ACTIONS: dict[str, tuple[str, ...]] = {"recommender": READ_OBJECTS, "trainer": WRITE_OBJECTS}
"""Actions on objects by policy; each service has a user and a policy of its own."""


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
            {
                "Effect": "Allow",
                "Action": list(OBJECT_ACTIONS[name]),
                "Resource": [f"arn:aws:s3:::{bucket}/*"],
            },
        ],
    }
