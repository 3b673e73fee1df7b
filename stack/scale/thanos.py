"""What the parts of Thanos read: who the receivers are, where blocks go, and the rules for rulers."""

import json
from pathlib import Path
from typing import Any

import yaml

from stack.scale.entries import Entries, Entry, answers, completed, given, healthy
from stack.scale.overlay import Overlay
from stack.scale.places import (
    ALERTMANAGER_PORT,
    ALERTMANAGERS,
    CAPNPROTO,
    COPIES,
    RECEIVERS,
    REMOTE_WRITE,
    RULERS,
    THANOS_GRPC,
    THANOS_HTTP,
    Places,
)

PREFIX = "metrics"
"""Of the blocks' names in the bucket: all that its user there may read and write."""
USER = "thanos"
INDEX_CACHE = "{type: IN-MEMORY, config: {max_size: 32MB, max_item_size: 4MB}}"
LOCAL_BLOCKS = "24h"
"""How long receivers and rulers keep what is in the bucket, too."""


def write_hashring(places: Places) -> str:
    """The receivers among which series are spread."""
    return json.dumps([{"endpoints": places.all_at(RECEIVERS, THANOS_GRPC)}], indent=2) + "\n"


def write_bucket(
    endpoint: str, bucket: str, region: str, access_key: str, secret_key: str, *, by_path: bool
) -> str:
    """The object storage of blocks; `endpoint` is `http://host:port` or `https://host`."""
    scheme, _, host = endpoint.partition("://")
    settings = {
        "type": "S3",
        "prefix": PREFIX,
        "config": {
            "bucket": bucket,
            "endpoint": host,
            "region": region,
            "access_key": access_key,
            "secret_key": secret_key,
            "insecure": scheme == "http",
            "bucket_lookup_type": "path" if by_path else "virtual-hosted",
        },
    }
    return yaml.safe_dump(settings, sort_keys=False)


def write_rules(file: Path) -> str:
    """The rules of a file for a ruler.

    While one receiver is away, a query has a warning and all the series, from the two others: Thanos would
    let the rules fail over it.
    """
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    for group in document["groups"]:
        group["partial_response_strategy"] = "warn"
    return yaml.safe_dump(document, sort_keys=False, width=1000)


def run_thanos(overlay: Overlay) -> Entries:
    """Its parts. Query has Prometheus' address."""
    parts = {name: _receiver(overlay, name) for name in RECEIVERS}
    parts |= {name: _ruler(overlay, name) for name in RULERS}
    return parts | {"query": _query(overlay), "store": _store(overlay), "compactor": _compactor(overlay)}


def _receiver(overlay: Overlay, name: str) -> Entry:
    places = overlay.places
    return _part(
        overlay,
        name,
        "receive",
        f"--tsdb.path={overlay.folders.kept(name)}",
        f"--tsdb.retention={LOCAL_BLOCKS}",
        "--tsdb.out-of-order.time-window=30m",
        "--tsdb.too-far-in-future.time-window=5m",
        "--tsdb.max-exemplars=100000",
        "--tsdb.enable-native-histograms",
        f'--label=receive_replica="{name}"',
        f"--receive.hashrings-file={overlay.folders.settings / 'hashring.json'}",
        "--receive.hashrings-algorithm=ketama",
        f"--receive.replication-factor={COPIES}",
        f"--receive.local-endpoint={places.at(name, THANOS_GRPC)}",
        f"--remote-write.address={places.at(name, REMOTE_WRITE)}",
        f"--receive.capnproto-address={places.at(name, CAPNPROTO)}",
        _bucket(overlay),
    )


def _ruler(overlay: Overlay, name: str) -> Entry:
    prometheus = f"http://{_prometheus(overlay)}"
    managers = overlay.places.all_at(ALERTMANAGERS, ALERTMANAGER_PORT)
    return _part(
        overlay,
        name,
        "rule",
        f"--data-dir={overlay.folders.kept(name)}",
        f"--tsdb.retention={LOCAL_BLOCKS}",
        f"--rule-file={overlay.folders.settings / 'rules'}/*.yaml",
        "--eval-interval=10s",
        f"--query={prometheus}",
        f"--alert.query-url={prometheus}",
        f'--label=rule_replica="{name}"',
        "--alert.label-drop=rule_replica",
        *(f"--alertmanagers.url=http://{each}" for each in managers),
        _bucket(overlay),
        after=healthy(["query"]),
    )


def _query(overlay: Overlay) -> Entry:
    endpoints = overlay.places.all_at((*RECEIVERS, *RULERS, "store"), THANOS_GRPC)
    replicas = ("receive_replica", "rule_replica", "tenant_id")
    return _part(
        overlay,
        "query",
        "query",
        *(f"--endpoint={each}" for each in endpoints),
        *(f"--query.replica-label={each}" for each in replicas),
        "--query.timeout=30s",
        "--query.max-concurrent=20",
        http=_prometheus(overlay),
    )


def _store(overlay: Overlay) -> Entry:
    return _part(
        overlay,
        "store",
        "store",
        f"--data-dir={overlay.folders.kept('store')}",
        _bucket(overlay),
        f"--index-cache.config={INDEX_CACHE}",
        "--chunk-pool-size=64MB",
        "--store.grpc.series-max-concurrency=10",
        after=completed("storage-setup"),
    )


def _compactor(overlay: Overlay) -> Entry:
    """It does not downsample: only queries that ask for it read such blocks, which have retentions of their
    own and need at least 40 h of raw samples."""
    return _part(
        overlay,
        "compactor",
        "compact",
        f"--data-dir={overlay.folders.kept('compactor')}",
        _bucket(overlay),
        "--wait",
        "--compact.concurrency=1",
        "--deduplication.replica-label=receive_replica",
        "--deduplication.replica-label=rule_replica",
        f"--retention.resolution-raw={overlay.retention}",
        "--downsampling.disable",
        grpc=False,
        after=completed("storage-setup"),
    )


def _part(
    overlay: Overlay,
    name: str,
    command: str,
    *flags: str,
    http: str = "",
    grpc: bool = True,
    after: Entry | None = None,
) -> Entry:
    address = http or overlay.places.at(name, THANOS_HTTP)
    listens = [f"--http-address={address}"]
    if grpc:
        listens.append(f"--grpc-address={overlay.places.at(name, THANOS_GRPC)}")
    quoted = " ".join(f"'{flag}'" for flag in (*listens, *flags))
    return {
        "command": f"exec thanos {command} --log.level=warn {quoted}",
        "environment": given({"GOGC": 75}),
        "readiness_probe": answers(address, "/-/ready"),
        "depends_on": after or {},
    }


def _prometheus(overlay: Overlay) -> str:
    return f"{overlay.host}:{overlay.ports['prometheus_port']}"


def _bucket(overlay: Overlay) -> str:
    return f"--objstore.config-file={overlay.folders.settings / 'bucket.yaml'}"
