"""`python -m stack.scale.container_files`: what the container `prepare` does in the overlay, at every start.

Besides the single stack's secrets there are the database's password and the keys of Thanos, and besides
secrets the configuration files, in a volume that every part can read.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from stack import ROOT
from stack.credentials import ensure_credentials
from stack.running.container_secrets import CHOSEN_FILE, FOLDER, READERS, Reader, collect, hand_out
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
GENERATED = ("POSTGRESQL_PASSWORD", "THANOS_S3_SECRET_KEY")
STORAGE_KEYS = {name: name for name in ("THANOS_S3_ACCESS_KEY", "THANOS_S3_SECRET_KEY")}
OWN_READERS = (
    Reader("postgresql", 20010, {}, bare="POSTGRESQL_PASSWORD"),
    Reader("thanos", 20011, {}, bare="BUCKET"),
)


def write_all(settings: Path = SETTINGS, folder: Path = FOLDER, chosen: Path = CHOSEN_FILE) -> None:
    """Writes secrets, and configuration files in place of those that are there."""
    credentials = collect(folder, chosen)
    generated = ensure_credentials(folder / ".distributed.env", GENERATED)
    credentials |= {name: generated[name] for name in GENERATED} | {"THANOS_S3_ACCESS_KEY": thanos.USER}
    if not os.environ.get("INCIDENTS_DATABASE"):
        credentials["INCIDENTS_DATABASE_PASSWORD"] = credentials["POSTGRESQL_PASSWORD"]
    credentials["BUCKET"] = _bucket(credentials)
    hand_out(credentials, (*map(_add_storage_keys, READERS), *OWN_READERS), folder)
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
            Places({**places.hosts, "proxy": "*"}),  # it is in several networks
            recommender=f"*:{p.RECOMMENDER_PORT}",
            incidents=f"*:{p.INCIDENTS_PORT}",
            alertmanager=f"*:{p.ALERTMANAGER_PORT}",
            names=NAME_SERVER,
        ),
    }


def _add_storage_keys(reader: Reader) -> Reader:
    """What sets storage up makes a user of Thanos, too."""
    if reader.name != "storage-setup":
        return reader
    return reader._replace(variables={**reader.variables, **STORAGE_KEYS})


def _bucket(credentials: Mapping[str, str]) -> str:
    """Where Thanos keeps blocks: with keys of its own, or in somebody's storage with those of everybody."""
    chosen = os.environ.get
    return thanos.write_bucket(
        chosen("STORAGE_ENDPOINT") or MINIO,
        chosen("STORAGE_BUCKET") or "whence",
        chosen("STORAGE_REGION") or "us-east-1",
        chosen("STORAGE_ACCESS_KEY") or credentials["THANOS_S3_ACCESS_KEY"],
        chosen("STORAGE_SECRET_KEY") or credentials["THANOS_S3_SECRET_KEY"],
        by_path=chosen("STORAGE_ADDRESSING") != "virtual",
    )


if __name__ == "__main__":
    write_all()
