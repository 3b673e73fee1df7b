"""What `make doctor` and `make up` say of an S3 endpoint of the user's."""

from collections.abc import Iterator

import pytest
from rich.console import Console

from stack import StackError, doctor
from stack.checks.finding import Finding, Level
from stack.checks.storage import check_storage
from stack.settings import Settings
from tests.unit.services.demo.features.fake_s3 import FakeS3, run_s3


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with run_s3() as fake:
        yield fake


def check(url: str) -> Finding:
    (finding,) = check_storage(choose(url))
    return finding


def choose(url: str) -> Settings:
    return Settings(storage_endpoint=url, storage_access_key="somebody", storage_secret_key="their-secret")


def test_the_stacks_own_minio_is_not_asked_before_it_runs() -> None:
    assert list(check_storage(Settings())) == []


def test_a_bucket_that_can_be_read_is_good_empty_or_not(s3: FakeS3) -> None:
    assert check(s3.url).level is Level.GOOD
    s3.objects["live.json"] = b"{}"
    assert check(s3.url).level is Level.GOOD


def test_an_endpoint_where_nothing_answers_is_a_problem() -> None:
    finding = check("http://127.0.0.1:9")
    assert finding.level is Level.PROBLEM
    assert "http://127.0.0.1:9 does not answer" in finding.found and "STORAGE_ENDPOINT" in finding.remedy


def test_refused_keys_are_a_problem_in_one_line(s3: FakeS3) -> None:
    s3.refuse["live.json"] = 403
    finding = check(s3.url)
    assert finding.level is Level.PROBLEM
    assert "refuses the keys" in finding.found and "STORAGE_SECRET_KEY" in finding.remedy
    assert "\n" not in finding.told and "their-secret" not in finding.told


def test_a_start_is_refused_with_a_storage_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.running.processes.read_processes", lambda: None)
    monkeypatch.setattr(Settings, "ports", {})
    with pytest.raises(StackError, match="Storage: whence at http://127.0.0.1:9 does not answer"):
        doctor.require_fit(choose("http://127.0.0.1:9"), [], Console())
