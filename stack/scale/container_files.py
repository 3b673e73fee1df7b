"""`python -m stack.scale.container_files`: what the container `prepare` does in the overlay, at every start.

Besides the single stack's secrets there are the database's password and the keys of Thanos, and besides
secrets the configuration files, in a volume that every part can read.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from stack import ROOT
from stack.container_secrets import CHOSEN_FILE, FOLDER, READERS, Reader, collect, hand_out
from stack.scale import places as p
from stack.scale import proxy, thanos
from stack.scale.configuration import Files, build_agents, build_files, choose_inboxes, choose_targets
from stack.scale.places import Places, in_containers

SETTINGS = Path("/config")
DATA = {**dict.fromkeys(p.KAFKA, "/var/lib/kafka/data"), **dict.fromkeys(p.CASSANDRA, "/var/lib/cassandra")}
MINIO = "http://minio:9000"
QUERY_PORT = 9090
"""Where the single stack's Prometheus would be."""
NAME_SERVER = "127.0.0.11:53"
"""The engine's own, in every container."""
OWN_READERS = (
    Reader("postgresql", 20010, {}, bare="POSTGRESQL_PASSWORD"),
    Reader("thanos", 20011, {}, bare="BUCKET"),
)


def write_all(settings: Path = SETTINGS, folder: Path = FOLDER, chosen: Path = CHOSEN_FILE) -> None:
    """Writes secrets, and configuration files in place of those that are there."""
    credentials = collect(folder, chosen)
    password = _ensure_password(folder / "postgresql")
    if not os.environ.get("INCIDENTS_DATABASE"):
        credentials["INCIDENTS_DATABASE_PASSWORD"] = password
    own = {"POSTGRESQL_PASSWORD": password, "BUCKET": _bucket(credentials)}
    hand_out(credentials | own, (*READERS, *OWN_READERS), folder)
    for stale in (settings / "rules").glob("*"):
        stale.unlink()
    for name, content in build_all(in_containers()).items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(content)
    link = settings / "prometheus" / "secrets"
    link.unlink(missing_ok=True)
    link.symlink_to(FOLDER)


def build_all(places: Places) -> Files:
    """The content of each file by its path below the folder of settings."""
    targets = json.loads((ROOT / "containers" / "prometheus" / "targets.json").read_text())
    scraped = {
        "stack.json": choose_targets(targets, places, places.at("query", QUERY_PORT)),
        "incidents/stack.json": choose_inboxes(places),
    }
    rules = ROOT / "alerts" / "generated" / "prometheus"
    return {
        **build_files(places, ROOT, rules, DATA.__getitem__),
        **{f"prometheus/{name}": content for name, content in build_agents(places, ROOT).items()},
        **{f"prometheus/targets/{name}": json.dumps(found, indent=2) for name, found in scraped.items()},
        "haproxy.cfg": proxy.write_proxy(
            places,
            recommender=places.at("proxy", p.RECOMMENDER_PORT),
            incidents=places.at("proxy", p.INCIDENTS_PORT),
            alertmanager=places.at("proxy", p.ALERTMANAGER_PORT),
            names=NAME_SERVER,
        ),
    }


def _ensure_password(file: Path) -> str:
    return file.read_text() if file.exists() else secrets.token_urlsafe(24)


def _bucket(credentials: Mapping[str, str]) -> str:
    chosen = os.environ.get
    return thanos.write_bucket(
        chosen("STORAGE_ENDPOINT") or MINIO,
        chosen("STORAGE_BUCKET") or "whence",
        chosen("STORAGE_REGION") or "us-east-1",
        credentials["MINIO_ROOT_USER"],
        credentials["MINIO_ROOT_PASSWORD"],
        by_path=chosen("STORAGE_ADDRESSING") != "virtual",
    )


if __name__ == "__main__":
    write_all()
