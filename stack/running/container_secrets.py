"""`python -m stack.running.container_secrets`: what the one-shot container `prepare` does at every start.

Secrets are generated at the first start into a volume. Each reader has a file of its own there, readable by a
group that only its container is in (`group_add` in docker-compose.yml): no service can read another's. Those
chosen in `.env` go the same way; compose copies them into `/run`.
"""

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from stack.credentials import ensure_credentials, read_credentials, share_keys

FOLDER = Path("/secrets")
CHOSEN_FILE = Path("/run/chosen-secrets.env")
STORAGE_KEYS_FILE = Path("/run/storage-keys.env")
"""There with containers/external-storage.yml only."""
CHOSEN = ("OIDC_CLIENT_SECRET", "INCIDENTS_DATABASE_PASSWORD")
"""What may be chosen in `.env`: empty where it is not."""


class Reader(NamedTuple):
    """A container, the group it is in, and the credential behind each variable it gets.

    Who reads no variables gets one credential, `bare`, as the whole of its file.
    """

    name: str
    group: int
    variables: Mapping[str, str]
    bare: str = ""

    def write(self, credentials: Mapping[str, str]) -> tuple[str, str]:
        """Its file's name and content."""
        if self.bare:
            return self.name, credentials[self.bare]
        lines = (f"{name}={shlex.quote(credentials[source])}\n" for name, source in self.variables.items())
        return f"{self.name}.env", "".join(lines)


ROOT_USER = ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")
STORAGE_USERS = tuple(
    f"{user}_S3_{half}_KEY"
    for user in ("RECOMMENDER", "TRAINER", "FEATURES")
    for half in ("ACCESS", "SECRET")
)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _storage_user(user: str) -> dict[str, str]:
    return {f"STORAGE_{half}_KEY": f"{user}_S3_{half}_KEY" for half in ("ACCESS", "SECRET")}


READERS = (
    Reader("minio", 20001, _same(*ROOT_USER)),
    Reader("storage-setup", 20002, _same(*ROOT_USER, *STORAGE_USERS)),
    Reader("recommender", 20003, _storage_user("RECOMMENDER")),
    Reader("trainer", 20004, _storage_user("TRAINER")),
    Reader(
        "incidents",
        20005,
        {
            "PGPASSWORD": "INCIDENTS_DATABASE_PASSWORD",
            **_same("WEBHOOK_TOKEN", "SESSION_SECRET", "OIDC_CLIENT_SECRET"),
        },
    ),
    Reader("alertmanager", 20006, _same("WEBHOOK_TOKEN")),
    Reader(
        "grafana", 20007, {"GF_SECURITY_ADMIN_PASSWORD": "GRAFANA_ADMIN_PASSWORD", **_same("WEBHOOK_TOKEN")}
    ),
    Reader("features", 20008, _storage_user("FEATURES")),
    Reader("prometheus", 20009, {}, bare="WEBHOOK_TOKEN"),
)


def write_secrets(
    folder: Path = FOLDER, chosen: Path = CHOSEN_FILE, storage_keys: Path = STORAGE_KEYS_FILE
) -> None:
    """Writes each reader's file, generating what does not exist yet."""
    hand_out(collect(folder, chosen, storage_keys), READERS, folder)


def collect(
    folder: Path, chosen: Path = CHOSEN_FILE, storage_keys: Path = STORAGE_KEYS_FILE
) -> dict[str, str]:
    """The credentials: those of the folder, generated at the first start, and those chosen.

    Where there is a file `storage_keys`, everybody has those keys to storage.
    """
    credentials = ensure_credentials(folder / ".secrets.env") | dict.fromkeys(CHOSEN, "")
    credentials |= read_credentials(chosen)
    if keys := read_credentials(storage_keys):
        credentials = share_keys(credentials, keys["STORAGE_ACCESS_KEY"], keys["STORAGE_SECRET_KEY"])
    return credentials


def hand_out(credentials: Mapping[str, str], readers: Iterable[Reader], folder: Path) -> None:
    """Writes each reader's file, which only its group can read."""
    for reader in readers:
        name, text = reader.write(credentials)
        _replace(folder / name, text, reader.group)


def _replace(file: Path, text: str, group: int) -> None:
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as out:
        out.write(text)
        os.chown(partial, -1, group)
        os.fchmod(out.fileno(), 0o440)
    os.replace(partial, file)


if __name__ == "__main__":
    write_secrets()
    sys.stdout.writelines(f"{name}\n" for name in sorted(reader.name for reader in READERS))
