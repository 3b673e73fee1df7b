"""What `make up SCALE=1` does besides: programs that have to be there, and `data/run/scale`."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml
from rich.console import Console

from components import jars
from stack import DATA, ROOT, RUN, StackError
from stack.generated import in_use
from stack.scale import places as p
from stack.scale import postgresql, processes, proxy, thanos
from stack.scale.configuration import build_agents, build_files, choose_inboxes, choose_targets
from stack.scale.overlay import Folders, Overlay, Programs
from stack.scale.places import Places, on_loopback
from stack.settings import HOST, Settings

BINARIES = ("thanos", "otelcol-whence-scale")
START_DEADLINE = 900.0
"""Seconds, on two cores."""
FOLDERS = Folders(ROOT, RUN, DATA)
COMPOSITION = "process-compose.yaml"
DATABASE_SECRET, STORAGE_SECRET = (DATA / "scale" / name for name in ("postgresql.password", "thanos.secret"))


def find_programs(console: Console) -> Programs:
    """Java, its programs, and HAProxy. Raises StackError or ToolchainMissing where one is not to be had."""
    haproxy = shutil.which("haproxy", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if not haproxy:
        raise StackError("HAProxy is needed: on Debian, apt-get install haproxy")
    folders = {each.name: jars.ensure(each, console.print) for each in jars.JAR_SETS}
    return Programs(jars.find_java(), folders["kafka"], folders["cassandra"], Path(haproxy))


def lay_out(settings: Settings, programs: Programs) -> Path:
    """Writes what the overlay's parts are configured by; the file for process-compose."""
    places = on_loopback(settings.scale_network)
    folder = FOLDERS.settings
    rules = in_use() / "alerts" / "generated" / "prometheus"
    for name, content in build_files(places, ROOT, rules, FOLDERS.kept).items():
        _write(folder / name, content)
    _write(folder / "bucket.yaml", write_bucket(settings), secret=True)
    for name, content in build_agents(places, ROOT).items():
        _write(RUN / "prometheus" / name, content)
    _write_targets(settings, places)
    _write(folder / "haproxy.cfg", _proxy(settings, places))
    overlay = Overlay(
        places,
        FOLDERS,
        programs,
        settings.ports,
        HOST,
        settings.prometheus_retention_time,
        _own_database(settings),
    )
    document = processes.build(overlay, yaml.safe_load((ROOT / "process-compose.yaml").read_text()))
    _write(folder / COMPOSITION, yaml.safe_dump(document, sort_keys=False, width=1000))
    return folder / COMPOSITION


def extend(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The variables of the single stack's processes, and those of the overlay."""
    places = on_loopback(settings.scale_network)
    own = {"INCIDENTS_URL": environment.get("INCIDENTS_URL") or settings.url("incidents")}
    if _own_database(settings):
        own |= {
            "INCIDENTS_DATABASE": locate_database(settings),
            "POSTGRESQL_DATA": str(FOLDERS.kept("postgresql")),
            "POSTGRESQL_HOST": places.hosts["postgresql"],
            "POSTGRESQL_PORT": str(p.POSTGRESQL_PORT),
            "POSTGRESQL_PASSWORD_FILE": str(DATABASE_SECRET),
        }
    if not settings.external_storage:
        access, secret = _storage_keys(settings)
        own |= {"THANOS_S3_ACCESS_KEY": access, "THANOS_S3_SECRET_KEY": secret}
    return {**environment, **own}


def was_started() -> bool:
    """Whether the last start as processes was the distributed stack's."""
    return (FOLDERS.settings / COMPOSITION).exists()


def locate_database(settings: Settings) -> str:
    """The inboxes' database: a user's, else the one that is started, with its password."""
    if not _own_database(settings):
        return settings.incidents_database
    password = _ensure_secret(DATABASE_SECRET)
    address = on_loopback(settings.scale_network).at("postgresql", p.POSTGRESQL_PORT)
    return f"postgresql://{postgresql.NAME}:{password}@{address}/{postgresql.NAME}"


def _own_database(settings: Settings) -> bool:
    return not settings.incidents_database


def _proxy(settings: Settings, places: Places) -> str:
    return proxy.write_proxy(
        places,
        recommender=f"{HOST}:{settings.recommender_port}",
        incidents=f"{settings.incidents_address}:{settings.incidents_port}",
        alertmanager=f"{HOST}:{settings.alertmanager_port}",
    )


def write_bucket(settings: Settings) -> str:
    """Where Thanos' parts keep blocks, and with which keys."""
    return thanos.write_bucket(
        settings.storage_endpoint or f"http://{settings.storage_upstream}",
        settings.storage_bucket,
        settings.storage_region,
        *_storage_keys(settings),
        by_path=settings.storage_addressing == "path",
    )


def _storage_keys(settings: Settings) -> tuple[str, str]:
    """Thanos' own, or those that the user gave for a storage of theirs."""
    if settings.external_storage:
        return settings.storage_access_key, settings.storage_secret_key
    return thanos.USER, _ensure_secret(STORAGE_SECRET)


def _write_targets(settings: Settings, places: Places) -> None:
    """Of the scraper: those of the single stack, with the overlay's parts in place of what they replace."""
    folder = RUN / "prometheus" / "targets"
    single = json.loads((folder / "stack.json").read_text())
    targets = choose_targets(single, places, f"{HOST}:{settings.prometheus_port}")
    _write(folder / "stack.json", json.dumps(targets, indent=2) + "\n")
    _write(folder / "incidents" / "stack.json", json.dumps(choose_inboxes(places), indent=2) + "\n")


def _ensure_secret(file: Path) -> str:
    if not file.exists():
        _write(file, secrets.token_urlsafe(24), secret=True)
    return file.read_text()


def _write(file: Path, content: str, *, secret: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644), "w"
    ) as out:
        out.write(content)
