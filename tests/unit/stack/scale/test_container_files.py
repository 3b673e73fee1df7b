"""What `prepare` writes for the distributed stack in containers."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack import ROOT
from stack.running.container_secrets import FOLDER
from stack.scale import container_files
from stack.scale import places as p
from stack.scale.places import in_containers

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `config` and `secrets` after a start."""
    monkeypatch.setattr(os, "chown", lambda *_: None)
    (tmp_path / "secrets").mkdir()
    write(tmp_path)
    return tmp_path


def write(folder: Path) -> None:
    container_files.write_all(folder / "config", folder / "secrets", folder / "chosen.env")


def read_bucket(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "secrets" / "thanos").read_text())["config"]
    return found


def test_each_part_finds_its_file(written: Path) -> None:
    config = written / "config"
    assert {f"{each}.properties" for each in p.KAFKA} <= {file.name for file in config.iterdir()}
    assert "log.dirs=/var/lib/kafka/data\n" in (config / "kafka-2.properties").read_text()
    node = yaml.safe_load((config / "cassandra-3.yaml").read_text())
    assert node["listen_address"] == "cassandra-3"
    assert node["data_file_directories"] == ["/var/lib/cassandra/data"]
    rules = {file.name for file in (ROOT / "alerts" / "generated" / "prometheus").glob("*.yaml")}
    assert {file.name for file in (config / "rules").iterdir()} == rules
    (config / "rules" / "gone.yaml").touch()
    write(written)
    assert not (config / "rules" / "gone.yaml").exists()


def test_the_scraper_finds_all_parts_and_its_token(written: Path) -> None:
    folder = written / "config" / "prometheus"
    targets = json.loads((folder / "targets" / "stack.json").read_text())
    addresses = {address for each in targets for address in each["targets"]}
    assert addresses >= {"receive-1:10902", "query:9090", "haproxy:8405", "minio:9000", "collector:8888"}
    assert not addresses & {"prometheus:9090", "alertmanager:9093"}
    job = yaml.safe_load((folder / "scraper.yml").read_text())["scrape_configs"][1]
    token = job["authorization"]["credentials_file"]
    assert (folder / token).parent.readlink() / "prometheus" == FOLDER / Path(token).name


def test_secrets_stay_and_reach_those_who_need_them(written: Path) -> None:
    secrets = written / "secrets"
    password, key = (secrets / "postgresql").read_text(), read_bucket(written)["secret_key"]
    assert f"PGPASSWORD={password}\n" in (secrets / "incidents.env").read_text()
    assert f"THANOS_S3_SECRET_KEY={key}\n" in (secrets / "storage-setup.env").read_text()
    assert read_bucket(written)["access_key"] == "thanos"
    everywhere = "".join(file.read_text() for file in (written / "config").rglob("*") if file.is_file())
    assert password not in everywhere and key not in everywhere
    write(written)
    assert ((secrets / "postgresql").read_text(), read_bucket(written)["secret_key"]) == (password, key)


def test_a_database_and_a_storage_of_the_users_own(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ENDPOINT": "https://s3.example.org", "ACCESS_KEY": "mine", "SECRET_KEY": "secret"}
    for name, value in given.items():
        monkeypatch.setenv(f"STORAGE_{name}", value)
    monkeypatch.setenv("INCIDENTS_DATABASE", "postgresql://whence@db.example.org/whence")
    (written / "chosen.env").write_text("INCIDENTS_DATABASE_PASSWORD=theirs\n")
    write(written)
    assert "PGPASSWORD=theirs\n" in (written / "secrets" / "incidents.env").read_text()
    bucket = read_bucket(written)
    assert (bucket["endpoint"], bucket["access_key"], bucket["secret_key"]) == (
        "s3.example.org",
        "mine",
        "secret",
    )


@pytest.mark.skipif(not HAPROXY, reason="HAProxy is not installed")
def test_the_proxy_starts_before_those_it_leads_to_have_an_address(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(container_files.build_all(in_containers())["haproxy.cfg"])
    assert HAPROXY
    done = subprocess.run([HAPROXY, "-c", "-f", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
