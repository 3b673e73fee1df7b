"""What the parts of Thanos read: who the receivers are, where blocks go, and the rules for rulers."""

import json
from pathlib import Path
from typing import Any

import yaml

from stack.scale.places import RECEIVERS, THANOS_GRPC, Places

PREFIX = "metrics"
"""Of the blocks' names in the bucket."""


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
