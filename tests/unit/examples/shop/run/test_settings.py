"""The shop's own settings: checked, kept, and told in one line when they are wrong."""

import stat
from pathlib import Path

import pytest

from examples.shop.run.settings import ExampleError, Ports, find_program, read_shop


def test_ports_come_from_the_environment() -> None:
    ports = Ports.read({"SHOP_GATEWAY_PORT": "9999", "SHOP_CACHE_PORT": ""})
    assert (ports.gateway, ports.cache) == (9999, Ports().cache)


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_what_is_no_port_is_named(text: str) -> None:
    with pytest.raises(ExampleError, match="SHOP_FRAUD_PORT"):
        Ports.read({"SHOP_FRAUD_PORT": text})


def test_it_runs_as_whence_was_started_last_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mode").write_text("containers")
    assert read_shop({"WHENCE_DATA": str(tmp_path)}).mode == "containers"
    assert read_shop({"WHENCE_DATA": str(tmp_path), "MODE": "processes"}).mode == "processes"
    with pytest.raises(ExampleError, match="neither processes nor containers"):
        read_shop({"WHENCE_DATA": str(tmp_path), "MODE": "clouds"})


def test_a_started_shop_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "mode").write_text("containers")
    assert read_shop({"SHOP_DATA": str(tmp_path), "MODE": "processes"}).mode == "containers"


def test_secrets_are_made_once_and_are_their_owners(tmp_path: Path) -> None:
    shop = read_shop({"SHOP_DATA": str(tmp_path / "shop"), "MODE": "processes"})
    assert shop.read_secrets() == shop.read_secrets()
    assert len(set(shop.read_secrets().values())) == 3
    assert stat.S_IMODE((tmp_path / "shop" / "secrets.env").stat().st_mode) == 0o600
    assert shop.read_secrets()["SHOP_PRICING_PASSWORD"] in shop.database_url("shop_pricing")


def test_a_program_that_is_missing_is_named_with_its_package() -> None:
    with pytest.raises(ExampleError, match="apt-get install thing"):
        find_program("no-such-program", package="thing")
