"""Configuration of Prometheus as an agent, which keeps nothing and writes to the receivers.

Two take what ingest sends, by OTLP; a third scrapes the stack's own parts.
"""

from pathlib import Path
from typing import Any

import yaml

from stack.scale.entries import Entry, answers, healthy
from stack.scale.overlay import Overlay
from stack.scale.places import AGENT_PORT, RECEIVERS, REMOTE_WRITE, Places
from stack.scale.proxy import PROBED

TAKES = ("global", "storage", "otlp")
"""Of prometheus/prometheus.yml."""
NOT_SENT = "convert_histograms_to_nhcb"
"""Native histograms of explicit buckets go by remote write 2.0 alone, which Thanos 0.42 has not: without
this they are stored as classic series."""

SEEN = f"haproxy_server_status;({'|'.join(PROBED)});UP;(.+)"
"""The series of the proxy that has 1 for an engine that takes connections, 0 for one that does not."""


def write_agent(prometheus: Path, places: Places, *, scrapes: bool) -> str:
    """An agent's configuration, from Prometheus' own."""
    single: dict[str, Any] = yaml.safe_load(prometheus.read_text())
    kept = (*TAKES, "scrape_configs") if scrapes else TAKES
    settings = {name: single[name] for name in kept} | {"remote_write": [_receivers(places)]}
    del settings["global"]["evaluation_interval"]
    for scraped in settings.get("scrape_configs", ()):
        scraped["metric_relabel_configs"] = _engines_up()
    settings["otlp"] = {name: value for name, value in settings["otlp"].items() if name != NOT_SENT}
    return yaml.dump(settings, Dumper=_Plain, sort_keys=False)


def _engines_up() -> list[dict[str, Any]]:
    """What HAProxy finds of engines that expose no metrics is their `up`, with the labels of a target."""
    seen = {"source_labels": ["__name__", "proxy", "state", "server"], "regex": SEEN}
    named = {"component": "$1", "job": "$1", "instance": "$2", "__name__": "up"}
    return [{**seen, "target_label": label, "replacement": value} for label, value in named.items()]


def _receivers(places: Places) -> dict[str, Any]:
    return {
        "url": f"http://{places.at('proxy', REMOTE_WRITE)}/api/v1/receive",
        "send_exemplars": True,
        "send_native_histograms": True,
        "metadata_config": {"send": False},
        "queue_config": {
            "capacity": 10_000,
            "max_shards": 4,
            "max_samples_per_send": 2_000,
            "batch_send_deadline": "1s",
            "min_backoff": "100ms",
            "max_backoff": "5s",
        },
    }


class _Plain(yaml.SafeDumper):
    """Writes an alias out."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def run_agent(overlay: Overlay, name: str) -> Entry:
    """An agent; `scraper` is the one that scrapes."""
    address, folders = overlay.places.at(name, AGENT_PORT), overlay.folders
    kind = "scraper" if name == "scraper" else "agent"
    return {
        "command": f"exec prometheus --agent --config.file={folders.run}/prometheus/{kind}.yml"
        f" --storage.agent.path={folders.kept(name)} --storage.agent.retention.max-time=2h"
        f" --web.listen-address={address} --web.enable-otlp-receiver --web.enable-remote-write-receiver"
        " --log.level=warn",
        "readiness_probe": answers(address, "/-/ready"),
        "depends_on": healthy(["proxy", *RECEIVERS]),
    }
