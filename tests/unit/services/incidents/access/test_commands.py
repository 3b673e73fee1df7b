"""`make token` and `make audit ACCESS=1`, as they are run."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from stack import ROOT


def run(folder: Path, *arguments: str, database: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", *arguments],
        env=os.environ
        | {
            "WHENCE_DATA": str(folder),
            "MODE": "processes",
            "WHO": "ada",
            "INCIDENTS_DATABASE": database,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_token_is_shown_once_listed_and_revoked(tmp_path: Path, location: str) -> None:
    token = partial(run, tmp_path, "token", database=location)
    secret = token("ci", "--role", "operator", "--days", "30").stdout.strip()
    assert secret.startswith("whence_") and len(secret) == 50
    again = token("ci", "--role", "viewer")
    assert again.returncode == 1 and "there is a token ci already" in again.stderr
    listed = token().stdout
    assert "operator  until 20" in listed and secret not in listed
    assert token("ci", "--revoke").returncode == 0
    assert "revoked" in token().stdout
    trail = run(tmp_path, "access-trail", database=location).stdout
    assert "2 entries, each as it was written" in trail
    assert "ada: token.created token ci" in trail and "ada: token.revoked token ci" in trail


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("token", "ci"), "ROLE=viewer"),
        (("token", "a b", "--role", "viewer"), "a b"),
        (("token", "nobody", "--revoke"), "there is no token nobody"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 1 and told in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "incidents" / "access.jsonl").exists()


def test_a_database_that_is_away_is_told_in_one_line_without_the_password(tmp_path: Path) -> None:
    done = run(tmp_path, "token", database="postgresql://whence:hidden@127.0.0.1:9/inbox")
    assert done.returncode == 1 and "hidden" not in done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("whence: cannot open postgresql://127.0.0.1:9/inbox: ")
