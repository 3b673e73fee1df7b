"""Models and feedback go from one bucket into another, over HTTP, and back: the server is moto's."""

import os
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from typer.testing import CliRunner

from services.demo.storage.client import ObjectStore, list_keys, make_client, read_object
from services.demo.storage.settings import StorageSettings
from services.demo.storage.setup import ensure_bucket
from stack import StackError
from stack.storage import moving
from stack.storage.moving import copy

KEYS = {"AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "anything-at-all"}
LIVE = b'{"version": "v2"}'
MODELS = {
    f"models/{version}/{name}": version.encode()
    for version in ("v1", "v2")
    for name in ("model.npz", "card.json")
}
MOVED = {**MODELS, "feedback/worker-1/3.npz": b"clicks", "live.json": LIVE}
DERIVED = {"features/v2/7.json": b"{}", "materialised/v2.json": b"{}"}


class Bucket:
    """A bucket and what is in it."""

    def __init__(self, where: StorageSettings) -> None:
        self.where = where
        self._store = make_client(where, connect_timeout=2, read_timeout=10, max_pool=1)
        ensure_bucket(self._store, where.bucket)

    def put(self, objects: dict[str, bytes]) -> None:
        for key, content in objects.items():
            self._store.put_object(
                Bucket=self.where.bucket, Key=key, Body=content, ContentType="application/json"
            )

    def read(self) -> dict[str, bytes | None]:
        keys = list_keys(self._store, self.where.bucket, "")
        return {key: read_object(self._store, self.where.bucket, key) for key in keys}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def buckets(endpoint: str) -> tuple[Bucket, Bucket]:
    """The stack's own, and an empty one."""
    access, secret = KEYS.values()
    own, other = (
        Bucket(
            StorageSettings(
                endpoint=endpoint,
                bucket=f"{name}-{uuid4().hex}",
                access_key=access,
                secret_key=SecretStr(secret),
            )
        )
        for name in ("own", "other")
    )
    own.put({**MOVED, **DERIVED})
    return own, other


def test_models_and_feedback_are_there_and_what_is_made_of_them_is_not(
    buckets: tuple[Bucket, Bucket],
) -> None:
    own, other = buckets
    assert copy(own.where, other.where) == len(MOVED)
    assert other.read() == MOVED
    assert own.read() == {**MOVED, **DERIVED}


def test_again_it_brings_what_is_new_and_back_it_goes_the_same_way(buckets: tuple[Bucket, Bucket]) -> None:
    own, other = buckets
    copy(own.where, other.where)
    own.put({"live.json": b'{"version": "v1"}'})
    copy(own.where, other.where)
    assert other.read()["live.json"] == b'{"version": "v1"}'
    other.put({"models/v3/card.json": b"v3", "live.json": b'{"version": "v3"}'})
    with pytest.raises(StackError, match=r"other-\w+ there serves v3, which is not in own-"):
        copy(own.where, other.where)
    copy(other.where, own.where)
    assert own.read() == {**other.read(), **DERIVED}


def wrap_reading(monkeypatch: pytest.MonkeyPatch, before: Callable[[str], None]) -> None:
    """Do something before an object is read; it may raise what a read raises."""

    def read(store: ObjectStore, bucket: str, key: str) -> bytes | None:
        before(key)
        return read_object(store, bucket, key)

    monkeypatch.setattr(moving, "read_object", read)


@pytest.mark.parametrize("lost", sorted(MOVED.keys() - {"live.json"}))
def test_a_copy_that_breaks_off_says_so_and_leaves_no_version_half_there(
    buckets: tuple[Bucket, Bucket], monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    own, other = buckets

    def break_off(key: str) -> None:
        if key == lost:
            raise EndpointConnectionError(endpoint_url="http://gone")

    with monkeypatch.context() as broken:
        broken.setattr(moving, "PATIENCE", 0.0)
        wrap_reading(broken, break_off)
        with pytest.raises(StackError, match=r"not all is copied, run it again: .*http://gone"):
            copy(own.where, other.where)
    there = other.read().keys()
    with_card = {key.removesuffix("card.json") for key in there if key.endswith("card.json")}
    assert {key for key in MODELS if key.startswith(tuple(with_card))} <= there
    assert "live.json" not in there
    assert copy(own.where, other.where) == len(MOVED)
    assert other.read() == MOVED


def test_a_connection_that_breaks_is_tried_again(
    buckets: tuple[Bucket, Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = buckets
    broken: set[str] = set()

    def break_once(key: str) -> None:
        if key in MOVED and key != "live.json" and key not in broken:
            broken.add(key)
            raise ConnectionClosedError(endpoint_url="http://broken")

    wrap_reading(monkeypatch, break_once)
    assert copy(own.where, other.where) == len(MOVED)
    assert other.read() == MOVED


def test_a_version_that_goes_live_meanwhile_comes_along_the_next_time(
    buckets: tuple[Bucket, Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = buckets
    newer = {"models/v3/model.npz": b"v3", "models/v3/card.json": b"v3", "live.json": b'{"version": "v3"}'}

    def publish(key: str) -> None:
        if key.startswith("models/"):
            own.put(newer)

    with monkeypatch.context() as meanwhile:
        wrap_reading(meanwhile, publish)
        copy(own.where, other.where)
    assert other.read() == MOVED
    copy(own.where, other.where)
    assert other.read() == {**MOVED, **newer}


def test_storage_that_is_away_is_named_with_what_to_do(buckets: tuple[Bucket, Bucket]) -> None:
    nowhere = buckets[0].where.model_copy(update={"endpoint": "http://127.0.0.1:9"})
    with pytest.raises(StackError, match=r"not all is copied: .*127\.0\.0\.1:9.*is it running"):
        copy(nowhere, buckets[1].where)


def test_keys_that_are_refused_are_named_for_both_buckets(
    buckets: tuple[Bucket, Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes | None:
        raise ClientError({"Error": {"Code": "InvalidAccessKeyId"}}, "GetObject")

    monkeypatch.setattr(moving, "read_object", refuse)
    with pytest.raises(StackError, match=r"check STORAGE_ACCESS_KEY.* other bucket .*AWS_ACCESS_KEY_ID"):
        copy(*(bucket.where for bucket in buckets))


def test_incidents_move_with_the_password_of_dotenv(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, command, environment: replaced.append((command, environment)))
    monkeypatch.setenv("INCIDENTS_DATABASE_PASSWORD", "p4 $$")
    places = ["data/incidents/incidents.db", "postgresql://whence@db/whence"]
    assert CliRunner().invoke(moving.app, ["migrate-incidents", "--", *places]).exit_code == 0
    ((command, environment),) = replaced
    assert command[1:] == ["-m", "services.incidents.moving", *places]
    assert environment["PGPASSWORD"] == "p4 $$"


def run(*arguments: str) -> str:
    """What the command says, or why it does not."""
    done = CliRunner().invoke(moving.app, ["migrate", "--", *arguments], env=KEYS)
    if isinstance(done.exception, StackError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_takes_one_address_and_its_keys_from_the_environment(
    buckets: tuple[Bucket, Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = buckets
    monkeypatch.setattr(moving, "find_storage", lambda: own.where)
    address = f"{other.where.endpoint}/{other.where.bucket}"
    assert run("", address) == f"Copied {len(MOVED)} objects to {address}.\n"
    assert run(address, "") == f"Copied {len(MOVED)} objects to {own.where.endpoint}.\n"


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (("", ""), "name one bucket, as FROM= or TO="),
        (("http://one/x", "http://two/y"), "name one bucket, as FROM= or TO="),
        (("", "http://one"), "http://one: bucket: .* it is https://host/bucket"),
        (("", "ftp://one/bucket"), "ftp://one/bucket: endpoint: .* it is https://host/bucket"),
    ],
)
def test_what_is_no_bucket_is_refused_in_one_line(places: tuple[str, str], reason: str) -> None:
    with pytest.raises(StackError, match=reason) as refusal:
        run(*places)
    assert "\n" not in str(refusal.value)
