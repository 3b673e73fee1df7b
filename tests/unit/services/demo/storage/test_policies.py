"""Least privilege: what each policy lets its service do; whatever is not allowed is denied."""

from fnmatch import fnmatchcase

import pytest

from services.demo.storage.policies import make_policy


def is_allowed(service: str, action: str, resource: str) -> bool:
    return any(
        action in statement["Action"] and any(fnmatchcase(resource, each) for each in statement["Resource"])
        for statement in make_policy(service, "whence")["Statement"]
    )


@pytest.mark.parametrize(
    ("service", "action", "resource", "allowed"),
    [
        ("recommender", "s3:GetObject", "whence/live.json", True),
        ("recommender", "s3:ListBucket", "whence", True),
        ("recommender", "s3:PutObject", "whence/live.json", False),
        ("recommender", "s3:DeleteObject", "whence/live.json", False),
        ("recommender", "s3:PutObject", "whence/feedback/0/17.npz", True),
        ("recommender", "s3:DeleteObject", "whence/feedback/0/17.npz", False),
        ("recommender", "s3:GetObject", "other/live.json", False),
        ("trainer", "s3:GetObject", "whence/live.json", True),
        ("trainer", "s3:PutObject", "whence/live.json", True),
        ("trainer", "s3:PutObject", "other/live.json", False),
        ("trainer", "s3:CreateBucket", "other", False),
        ("trainer", "s3:PutBucketPolicy", "whence", False),
        ("features", "s3:GetObject", "whence/live.json", True),
        ("features", "s3:GetObject", "whence/models/als32-1a2b3c/offline.npz", True),
        ("features", "s3:PutObject", "whence/features/als32-1a2b3c/1.json", True),
        ("features", "s3:PutObject", "whence/live.json", False),
        ("features", "s3:PutObject", "whence/models/als32-1a2b3c/model.npz", False),
        ("features", "s3:DeleteObject", "whence/features/als32-1a2b3c/1.json", False),
        ("thanos", "s3:PutObject", "whence/metrics/01J/meta.json", True),
        ("thanos", "s3:DeleteObject", "whence/metrics/01J/meta.json", True),
        ("thanos", "s3:GetObject", "whence/live.json", False),
        ("thanos", "s3:PutObject", "other/metrics/01J/meta.json", False),
    ],
)
def test_policy(service: str, action: str, resource: str, allowed: bool) -> None:
    assert is_allowed(service, action, f"arn:aws:s3:::{resource}") is allowed
