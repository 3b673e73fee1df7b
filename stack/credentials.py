"""Secrets, generated at first start into an ignored file that only the user can read."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from stack import ROOT

FILE = ROOT / ".secrets.env"
FIXED = {
    "MINIO_ROOT_USER": "whence-root",
    "RECOMMENDER_S3_ACCESS_KEY": "recommender",
    "TRAINER_S3_ACCESS_KEY": "trainer",
    "FEATURES_S3_ACCESS_KEY": "features",
}
GENERATED = (
    "MINIO_ROOT_PASSWORD",
    "RECOMMENDER_S3_SECRET_KEY",
    "TRAINER_S3_SECRET_KEY",
    "FEATURES_S3_SECRET_KEY",
    "WEBHOOK_TOKEN",
    "SESSION_SECRET",
    "GRAFANA_ADMIN_PASSWORD",
)


STORAGE_USERS = ("MINIO_ROOT_USER", *(name for name in FIXED if name.endswith("_ACCESS_KEY")))
STORAGE_SECRETS = ("MINIO_ROOT_PASSWORD", *(name for name in GENERATED if name.endswith("_SECRET_KEY")))


def share_keys(credentials: dict[str, str], access: str, secret: str) -> dict[str, str]:
    """The credentials with one pair of keys for everybody who uses storage."""
    return {**credentials, **dict.fromkeys(STORAGE_USERS, access), **dict.fromkeys(STORAGE_SECRETS, secret)}


def ensure_credentials(file: Path = FILE, names: Sequence[str] = GENERATED) -> dict[str, str]:
    """The credentials by variable name; those the file lacks are generated and written to it (mode 0600)."""
    known = read_credentials(file)
    missing = {name: secrets.token_urlsafe(24) for name in names if name not in known}
    credentials = {**FIXED, **known, **missing}
    if missing:
        partial = file.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.writelines(f"{name}={value}\n" for name, value in sorted(credentials.items()))
        os.replace(partial, file)
    return credentials


def read_credentials(file: Path = FILE) -> dict[str, str]:
    """The credentials the file holds, without the empty ones; none if there is no file."""
    return parse_credentials(file.read_text()) if file.exists() else {}


def parse_credentials(text: str) -> dict[str, str]:
    """The credentials in lines of `NAME=value`, without the empty ones."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}
