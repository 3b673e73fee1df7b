"""`make migrate`: models and feedback, from the stack's bucket into another one, or back; and incidents."""

import base64
import hashlib
import os
import sys
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr, ValidationError

from services.demo.storage.artefacts import LIVE_KEY, LivePointer, card_key
from services.demo.storage.client import StorageError, list_keys, make_client, read_object
from services.demo.storage.errors import advise, find_error_type
from services.demo.storage.patience import StorageAway, describe, wait_out
from services.demo.storage.settings import StorageSettings
from services.demo.storage.setup import ensure_bucket
from stack import StackError
from stack.storage.bucket import find_storage
from stack.storage.inbox import choose_environment
from telemetry.storage_errors import StorageErrorType

MOVED = ("models/", "feedback/")
"""What keys begin with, besides that of the live version. The feature job makes all the rest anew."""
SECONDS = 30.0
PATIENCE = 60.0
"""Seconds for which an object is tried again where a connection breaks or a server is not ready."""
OF_OTHER = "; of the other bucket these are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"

app = typer.Typer()
Key = Annotated[str, typer.Option(envvar="AWS_ACCESS_KEY_ID", help="of the other bucket")]
Secret = Annotated[str, typer.Option(envvar="AWS_SECRET_ACCESS_KEY", help="of the other bucket")]
Region = Annotated[str, typer.Option(envvar="AWS_REGION", help="of the other bucket")]

Place = tuple[Any, str]
"""boto3's S3 client, and the bucket."""


def copy(source: StorageSettings, target: StorageSettings) -> int:
    """Copy everything, over what has the same key there; how many objects. Raises StackError.

    A version's card comes after its other objects, and which version is live comes last: wherever it breaks
    off, a version that has a card, or is live, is complete.
    """
    try:
        old, new = _open(source), _open(target)
        ensure_bucket(*new, target.region)
        _require_no_other_live(old, new)
        live = read_object(*old, LIVE_KEY)  # before the list of objects: what is live by now may not be in it
        keys = sorted((key for prefix in MOVED for key in list_keys(*old, prefix)), key=_is_card)
        copied = sum(wait_out(partial(_copy, key, old, new), seconds=PATIENCE) for key in keys)
        if live:
            wait_out(partial(_write, LIVE_KEY, live, new), seconds=PATIENCE)
        return copied + bool(live)
    except StorageAway as away:
        raise StackError(f"not all is copied, run it again: {away}") from away
    except StorageError as error:
        raise StackError(f"not all is copied: {describe(error)}; {_advise(error)}") from error


def _advise(error: BaseException) -> str:
    is_of_access = find_error_type(error) in (StorageErrorType.CREDENTIALS, StorageErrorType.WRONG_REGION)
    return advise(error) + (OF_OTHER if is_of_access else "")


def _open(where: StorageSettings) -> Place:
    return make_client(where, connect_timeout=5, read_timeout=SECONDS, max_pool=1), where.bucket


def _require_no_other_live(old: Place, new: Place) -> None:
    content = read_object(*new, LIVE_KEY)
    version = LivePointer.model_validate_json(content).version if content else ""
    if version and not list_keys(*old, card_key(version)):
        raise StackError(f"{new[1]} there serves {version}, which is not in {old[1]}: name another")


def _is_card(key: str) -> bool:
    return key.endswith("/card.json")


def _copy(key: str, old: Place, new: Place) -> bool:
    """Whether the object was still there."""
    content = read_object(*old, key)
    if content is None:
        return False
    _write(key, content, new)
    return True


def _write(key: str, content: bytes, new: Place) -> None:
    """The server checks the copy by its MD5."""
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    kind = "application/json" if key.endswith(".json") else "application/octet-stream"
    store, bucket = new
    store.put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind, ContentMD5=digest)


@app.command()
def migrate(
    source: str, target: str, key: Key = "", secret: Secret = "", region: Region = "us-east-1"
) -> None:
    """Copy models and feedback from one bucket to another; an empty one of the two is the stack's own."""
    if bool(source) == bool(target):
        raise StackError("name one bucket, as FROM= or TO=https://host/bucket: the other is the stack's")
    address = urlsplit(source or target)
    endpoint, bucket = f"{address.scheme}://{address.netloc}", address.path.strip("/")
    try:
        other = StorageSettings(
            endpoint=endpoint, bucket=bucket, region=region, access_key=key, secret_key=SecretStr(secret)
        )
    except ValidationError as error:
        wrong = error.errors()[0]
        raise StackError(
            f"{source or target}: {wrong['loc'][0]}: {wrong['msg']}; it is https://host/bucket, and its keys "
            "are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
        ) from None
    own = find_storage()
    copied = copy(other, own) if source else copy(own, other)
    typer.echo(f"Copied {copied} objects to {target or own.endpoint}.")


@app.command("migrate-incidents")
def migrate_incidents(source: str, target: str) -> None:
    """Move incidents into another database, with INCIDENTS_DATABASE_PASSWORD where a URL has none.

    An empty one of the two is the stack's own.
    """
    if not source and not target:
        raise StackError("from where or to where? FROM=file or TO=postgresql://user@host:port/database")
    environment = choose_environment()
    own = environment["INCIDENTS_DATABASE"]
    command = [sys.executable, "-m", "services.incidents.moving", source or own, target or own]
    os.execve(sys.executable, command, environment)
