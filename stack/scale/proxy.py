"""HAProxy's configuration: one address for recommenders, inboxes, Alertmanagers and receivers each."""

from collections.abc import Sequence

from stack.scale.entries import Entry, answers
from stack.scale.overlay import Overlay
from stack.scale.places import (
    ALERTMANAGER_PORT,
    ALERTMANAGERS,
    CASSANDRA,
    CQL_PORT,
    INBOXES,
    INCIDENTS_PORT,
    KAFKA,
    KAFKA_PORT,
    PROXY_METRICS,
    RECEIVERS,
    RECOMMENDER_PORT,
    RECOMMENDERS,
    REMOTE_WRITE,
    THANOS_HTTP,
    Places,
)

PROBED = {"kafka": (KAFKA, KAFKA_PORT), "cassandra": (CASSANDRA, CQL_PORT)}
"""Engines that nobody scrapes: the proxy looks whether they take connections, and sends none of its own."""

BASICS = """\
global
  maxconn 2000
  log stdout format raw daemon notice

defaults
  mode http
  log global
  retries 2
  option redispatch
  retry-on conn-failure empty-response
  timeout connect 1s
  timeout check 2s
  timeout queue 5s
  timeout http-request 10s
  timeout client 60s
  timeout server 60s
  default-server check inter 1s fall 2 rise 1 maxconn 256
"""
RESOLVED = """\
  default-server resolvers names resolve-prefer ipv4 init-addr libc,none

resolvers names
  nameserver names {}
  accepted_payload_size 8192
  timeout resolve 1s
  hold valid 1s
"""
"""For names whose addresses change, and that may not exist yet when the proxy starts."""


def write_proxy(
    places: Places, *, recommender: str, incidents: str, alertmanager: str, names: str = ""
) -> str:
    """haproxy.cfg; the arguments are where people and services find the three, as `host:port`.

    `names` is the name server to ask again and again where places are names, also as `host:port`.
    """
    return "\n".join(
        [
            BASICS + (RESOLVED.format(names) if names else ""),
            _frontend(
                "metrics", places.at("proxy", PROXY_METRICS), "http-request use-service prometheus-exporter"
            ),
            _frontend("recommender", recommender, "default_backend recommenders"),
            _backend("recommenders", places, RECOMMENDERS, RECOMMENDER_PORT, "/readyz", _feedback()),
            _frontend("incidents", incidents, "timeout client 1h", "default_backend inboxes"),
            _backend("inboxes", places, INBOXES, INCIDENTS_PORT, "/readyz", ["timeout server 1h"]),
            _frontend("alertmanager", alertmanager, "default_backend alertmanagers"),
            _backend("alertmanagers", places, ALERTMANAGERS, ALERTMANAGER_PORT, "/-/ready", []),
            _frontend("receive", places.at("proxy", REMOTE_WRITE), "default_backend receivers"),
            _backend("receivers", places, RECEIVERS, REMOTE_WRITE, "/-/ready", [], check_port=THANOS_HTTP),
            *(_probe(name, places.all_at(parts, port), parts) for name, (parts, port) in PROBED.items()),
        ]
    )


def _feedback() -> list[str]:
    """Only the recommender that gave an answer knows it: its number begins the name of the request."""
    lines = [
        "http-request disable-l7-retry unless METH_GET",
        "http-request wait-for-body time 1s if { path /feedback }",
    ]
    for number, server in enumerate(RECOMMENDERS, 1):
        lines.append(
            f"use-server {server} if {{ path /feedback }}"
            f" {{ req.body,json_query('$.request_id') -m beg {number}- }}"
        )
    return lines


def _frontend(name: str, address: str, *lines: str) -> str:
    return _section(f"frontend {name}", [f"bind {address}", *lines])


def _backend(
    name: str,
    places: Places,
    parts: Sequence[str],
    port: int,
    ready: str,
    lines: Sequence[str],
    check_port: int = 0,
) -> str:
    check = f" port {check_port}" if check_port else ""
    servers = [f"server {part} {places.at(part, port)}{check}" for part in parts]
    return _section(
        f"backend {name}", ["option httpchk", f"http-check send meth GET uri {ready}", *lines, *servers]
    )


def _probe(name: str, addresses: Sequence[str], parts: Sequence[str]) -> str:
    servers = [f"server {part} {address}" for part, address in zip(parts, addresses, strict=True)]
    return _section(f"backend {name}", ["mode tcp", "default-server inter 5s", *servers])


def _section(head: str, lines: Sequence[str]) -> str:
    return "\n".join([head, *(f"  {line}" for line in lines), ""])


def run_proxy(overlay: Overlay) -> Entry:
    """The proxy."""
    return {
        "command": f"exec {overlay.programs.haproxy} -W -db -f {overlay.folders.settings / 'haproxy.cfg'}",
        "readiness_probe": answers(overlay.places.at("proxy", PROXY_METRICS), "/metrics"),
    }
