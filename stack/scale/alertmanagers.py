"""Alertmanagers as a cluster, with the single stack's configuration."""

from stack.scale.entries import Entry, answers, healthy
from stack.scale.overlay import Overlay
from stack.scale.places import ALERTMANAGER_PORT, ALERTMANAGERS, CLUSTER_PORT, INSTEAD


def run_alertmanager(overlay: Overlay, name: str) -> Entry:
    """One of them."""
    places, folder = overlay.places, f"{overlay.folders.run}/alertmanager"
    others = places.all_at(tuple(each for each in ALERTMANAGERS if each != name), CLUSTER_PORT)
    address = places.at(name, ALERTMANAGER_PORT)
    peers = " ".join(f"--cluster.peer={each}" for each in others)
    return {
        "working_dir": folder,
        "command": f"exec alertmanager --config.file={folder}/alertmanager.yml"
        f" --storage.path={overlay.folders.kept(name)} --web.listen-address={address}"
        f" --cluster.listen-address={places.at(name, CLUSTER_PORT)} {peers} --log.level=warn",
        "readiness_probe": answers(address, "/-/ready"),
        "depends_on": healthy(INSTEAD["incidents"]),
    }
