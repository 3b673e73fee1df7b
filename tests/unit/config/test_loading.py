"""What a right `whence.yaml` means."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config import Config, load, read_secrets
from tests.unit.config.conftest import Write

EXAMPLE = Path("whence.example.yaml")


def test_an_empty_file_is_the_defaults(read: Callable[[str], Config]) -> None:
    assert read("# nothing yet\n") == Config()


def test_the_example_is_the_defaults(read: Callable[[str], Config]) -> None:
    assert read(EXAMPLE.read_text()) == Config()


def test_what_the_example_offers_can_be_used(
    read: Callable[[str], Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SMTP_PASSWORD", "SLACK_WEBHOOK_URL", "TICKETING_TOKEN"):
        monkeypatch.setenv(name, "secret")
    offered = read(
        re.sub(r"(?m)^# ((mail|receivers|mute_times|alerts|experiments):|  .*)", r"\1", EXAMPLE.read_text())
    )
    assert [receiver.type for receiver in offered.receivers] == ["email", "slack", "webhook"]
    assert offered.secrets == {
        ("mail", "password"): "SMTP_PASSWORD",
        ("receivers", 1, "url"): "SLACK_WEBHOOK_URL",
        ("receivers", 2, "token"): "TICKETING_TOKEN",
    }
    assert [(hours.from_, hours.to) for hours in offered.mute_times[0].hours] == [
        ("20:00", "24:00"),
        ("00:00", "07:00"),
    ]
    assert set(read_secrets(offered).values()) == {"secret"}
    assert offered.alerts["high-storage-latency"].for_ == 60
    assert [variant.share for variant in offered.experiments[0].variants] == [0.5, 0.5]


@pytest.mark.parametrize("document", ["README.md", "docs/adapt.md"])
def test_what_documents_show_can_be_used(
    document: str, read: Callable[[str], Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.example.org/x")
    found = re.findall(r"(?ms)^```yaml\n(.*?)^```$", Path(document).read_text())
    assert found
    for shown in found:
        assert read(shown) != Config()


@pytest.mark.parametrize(
    ("written", "seconds"), [("250ms", 0.25), ("1.5s", 1.5), ("2m", 120), ("1h", 3600), ("1d", 86400)]
)
def test_durations_are_seconds(read: Callable[[str], Config], written: str, seconds: float) -> None:
    assert read(f"storage: {{average_limit: {written}}}").storage.average_limit == pytest.approx(seconds)


@pytest.mark.parametrize("written", ["99.9%", "0.999", "99.9 %"])
def test_shares_are_between_0_and_1(read: Callable[[str], Config], written: str) -> None:
    assert read(f"objectives: {{availability: {written}}}").objectives.availability == pytest.approx(0.999)


def test_a_service_has_the_common_objectives_but_for_its_own(read: Callable[[str], Config]) -> None:
    config = read(
        """\
        objectives: {availability: 99.9%, latency: {threshold: 200ms, target: 95%}}
        services:
          - {name: shop, owner: sales, objectives: {latency: {threshold: 2s}}}
        """
    )
    (shop,) = config.watched
    assert (shop.name, shop.owner) == ("shop", "sales")
    assert (shop.availability, shop.latency_threshold, shop.latency_target) == (0.999, 2.0, 0.95)


def test_burn_rates_are_the_workbooks(read: Callable[[str], Config]) -> None:
    objectives = read("").objectives
    assert [objectives.factor(rate) for rate in objectives.burn_rates] == pytest.approx([14.4, 6, 3, 1])


def test_rejects_for_others_with_the_line(write: Write) -> None:
    write("folder: A\nalerts:\n  no-such-alert: {paused: true}\n")
    told = str(load().reject(("alerts", "no-such-alert"), "is not an alert", "use one of: a, b"))
    assert told == ("whence.yaml:3: alerts.no-such-alert: is not an alert (got {paused}); use one of: a, b")


def test_unhandled_it_ends_a_process_with_its_line_alone(write: Write) -> None:
    file = write("storage: {deadline: 5}")
    done = subprocess.run(
        [sys.executable, "-c", "import config; config.load()"],
        env={"WHENCE_CONFIG": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("whence.yaml:1: storage.deadline: has no unit (got 5); ")
    assert len(done.stderr.splitlines()) == 1
