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
from stack.scale import postgresql, proxy, thanos
from stack.scale.configuration import build_agents, build_files, choose_inboxes, choose_targets
from stack.scale.places import Places, on_loopback
from stack.scale.processes import Folders, Overlay, Programs
from stack.settings import HOST, Settings

BINARIES = ("thanos", "otelcol-whence-scale")
START_DEADLINE = 900.0
"""Seconds, on two cores."""
FOLDERS = Folders(ROOT, RUN, DATA)
SECRET = DATA / "scale" / "postgresql.password"


def find_programs(console: Console) -> Programs:
    """Java, its programs, and HAProxy. Raises StackError or ToolchainMissing where one is not to be had."""
    haproxy = shutil.which("haproxy", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if not haproxy:
        raise StackError("HAProxy is needed: on Debian, apt-get install haproxy")
    folders = {each.name: jars.ensure(each, console.print) for each in jars.JAR_SETS}
    return Programs(jars.find_java(), folders["kafka"], folders["cassandra"], Path(haproxy))


def lay_out(settings: Settings, credentials: Mapping[str, str], programs: Programs) -> Path:
    """Writes what the overlay's parts are configured by; the file for process-compose."""
    places = on_loopback(settings.scale_network)
    folder = FOLDERS.settings
    rules = in_use() / "alerts" / "generated" / "prometheus"
    for name, content in build_files(places, ROOT, rules, _data).items():
        _write(folder / name, content)
    _write(folder / "bucket.yaml", _bucket(settings, credentials), secret=True)
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
    processes = overlay.build(yaml.safe_load((ROOT / "process-compose.yaml").read_text()))
    _write(folder / "process-compose.yaml", yaml.safe_dump(processes, sort_keys=False, width=1000))
    return folder / "process-compose.yaml"


def extend(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The variables of the single stack's processes, and those of the overlay."""
    places = on_loopback(settings.scale_network)
    own = {"INCIDENTS_URL": environment.get("INCIDENTS_URL") or settings.url("incidents")}
    if _own_database(settings):
        password = _ensure_secret()
        address = places.at("postgresql", p.POSTGRESQL_PORT)
        own |= {
            "INCIDENTS_DATABASE": f"postgresql://{postgresql.NAME}:{password}@{address}/{postgresql.NAME}",
            "POSTGRESQL_DATA": str(_data("postgresql")),
            "POSTGRESQL_HOST": places.hosts["postgresql"],
            "POSTGRESQL_PORT": str(p.POSTGRESQL_PORT),
            "POSTGRESQL_PASSWORD_FILE": str(SECRET),
        }
    return {**environment, **own}


def _own_database(settings: Settings) -> bool:
    return not settings.incidents_database


def _proxy(settings: Settings, places: Places) -> str:
    return proxy.write_proxy(
        places,
        recommender=f"{HOST}:{settings.recommender_port}",
        incidents=f"{settings.incidents_address}:{settings.incidents_port}",
        alertmanager=f"{HOST}:{settings.alertmanager_port}",
    )


def _bucket(settings: Settings, credentials: Mapping[str, str]) -> str:
    keys = settings.choose_keys(dict(credentials))
    return thanos.write_bucket(
        settings.storage_endpoint or f"http://{settings.storage_upstream}",
        settings.storage_bucket,
        settings.storage_region,
        keys["MINIO_ROOT_USER"],
        keys["MINIO_ROOT_PASSWORD"],
        by_path=settings.storage_addressing == "path",
    )


def _write_targets(settings: Settings, places: Places) -> None:
    """Of the scraper: those of the single stack, with the overlay's parts in place of what they replace."""
    folder = RUN / "prometheus" / "targets"
    single = json.loads((folder / "stack.json").read_text())
    targets = choose_targets(single, places, f"{HOST}:{settings.prometheus_port}")
    _write(folder / "stack.json", json.dumps(targets, indent=2) + "\n")
    _write(folder / "incidents" / "stack.json", json.dumps(choose_inboxes(places), indent=2) + "\n")


def _ensure_secret() -> str:
    if not SECRET.exists():
        _write(SECRET, secrets.token_urlsafe(24), secret=True)
    return SECRET.read_text()


def _data(name: str) -> Path:
    return DATA / "scale" / name


def _write(file: Path, content: str, *, secret: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644), "w"
    ) as out:
        out.write(content)
