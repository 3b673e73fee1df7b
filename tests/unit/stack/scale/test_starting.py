"""The secrets of the overlay's own: who gets which."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from services.demo.storage.policies import make_policy
from stack import __main__ as stack
from stack.scale import starting, thanos
from stack.settings import Settings


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "DATABASE_SECRET", tmp_path / "postgresql.password")
    monkeypatch.setattr(starting, "STORAGE_SECRET", tmp_path / "thanos.secret")


def test_thanos_has_a_user_of_its_own_in_the_stacks_storage() -> None:
    environment = starting.extend({}, Settings())
    config = yaml.safe_load(starting.write_bucket(Settings()))["config"]
    assert config["access_key"] == environment["THANOS_S3_ACCESS_KEY"] == thanos.USER
    assert config["secret_key"] == environment["THANOS_S3_SECRET_KEY"]
    (_, objects) = make_policy(thanos.USER, "whence")["Statement"]
    assert objects["Resource"] == [f"arn:aws:s3:::whence/{thanos.PREFIX}/*"]


def test_in_somebody_elses_storage_it_has_their_keys() -> None:
    theirs = Settings(
        storage_endpoint="https://s3.example", storage_access_key="somebody", storage_secret_key="of-theirs"
    )
    assert "THANOS_S3_ACCESS_KEY" not in starting.extend({}, theirs)
    config = yaml.safe_load(starting.write_bucket(theirs))["config"]
    assert (config["access_key"], config["secret_key"]) == ("somebody", "of-theirs")


@pytest.mark.parametrize(("scale", "more"), [("", set()), ("1", {*starting.BINARIES, "jars"})])
def test_what_the_distributed_stack_needs_is_built_before_it_starts(
    scale: str, more: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    monkeypatch.setenv("SCALE", scale)
    monkeypatch.setattr(stack, "ensure", built.extend)
    monkeypatch.setattr(starting, "find_programs", lambda _: built.append("jars"))
    assert CliRunner().invoke(stack.app, ["build"], catch_exceptions=False).exit_code == 0
    assert set(built) == {*stack.BINARIES, *more}
