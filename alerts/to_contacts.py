"""Routing → Grafana's contact points, mute times and policy tree. Secrets are variables of its environment.

Grafana's files have no inhibition: what follows from another alert is held back for a while instead, so that
the cause is told first, and a consequence that ends with it is not told at all.
"""

from typing import Any

from alerts.routing import (
    CONSEQUENCE_WAIT,
    EXPLAINED,
    INCIDENTS,
    OF_INCIDENT,
    Matcher,
    Route,
    Routing,
    render_mute_time,
)
from alerts.spec import duration
from config import Receiver
from config.quantities import variable
from config.receivers import Email, Slack, Webhook

CONSEQUENCES = Matcher("follows", "=~", ".+")


def render(routing: Routing) -> dict[str, Any]:
    """The parts of the alerting file about notifications."""
    points = [_point(INCIDENTS, "webhook", _incidents()), *(_receiver(each) for each in routing.receivers)]
    content: dict[str, Any] = {"contactPoints": points, "policies": [_policy(routing)]}
    if routing.mute_times:
        content["muteTimes"] = [{"orgId": 1, **render_mute_time(muted)} for muted in routing.mute_times]
    return content


def _policy(routing: Routing) -> dict[str, Any]:
    return {
        "orgId": 1,
        "receiver": routing.default,
        "group_by": list(routing.group_by),
        **routing.waits.render(),
        "routes": [_route(route) for route in routing.routes],
    }


def _route(route: Route) -> dict[str, Any]:
    rendered: dict[str, Any] = {"receiver": route.receiver}
    if route.matchers:
        rendered["object_matchers"] = [list(matcher) for matcher in route.matchers]
    muted = {"mute_time_intervals": list(route.mute_times)} if route.mute_times else {}
    rendered |= {**muted, **route.waits.render(), "continue": route.continues}
    if route.continues:
        wait = {"group_wait": duration(CONSEQUENCE_WAIT)}
        rendered["routes"] = [_below(route, CONSEQUENCES, {**muted, **wait})]
    if route.verdicts:
        waits = {"group_by": list(OF_INCIDENT), **route.verdicts.render()}
        rendered["routes"].append(_below(route, EXPLAINED, {**muted, **waits}))
    return rendered


def _below(route: Route, matcher: Matcher, others: dict[str, Any]) -> dict[str, Any]:
    return {"receiver": route.receiver, "object_matchers": [list(matcher)], **others}


def _point(name: str, kind: str, settings: dict[str, Any], send_resolved: bool = True) -> dict[str, Any]:
    uid = name.replace(".", "-")
    receiver = {"uid": uid, "type": kind, "disableResolveMessage": not send_resolved, "settings": settings}
    return {"orgId": 1, "name": name, "receivers": [receiver]}


def _incidents() -> dict[str, Any]:
    return _webhook_settings("$INCIDENTS_WEBHOOK_URL", "$WEBHOOK_TOKEN")


def _receiver(receiver: Receiver) -> dict[str, Any]:
    match receiver:
        case Email():
            settings: dict[str, Any] = {"addresses": ";".join(receiver.to), "singleEmail": True}
        case Slack():
            settings = {"url": _filled(receiver.url)}
            settings |= {"recipient": receiver.channel} if receiver.channel else {}
        case Webhook():
            token = _filled(receiver.token) if receiver.token else None
            settings = _webhook_settings(_filled(receiver.url), token)
    return _point(receiver.name, receiver.type, settings, receiver.send_resolved)


def _webhook_settings(url: str, token: str | None) -> dict[str, Any]:
    settings = {"url": url, "httpMethod": "POST"}
    if token:
        settings |= {"authorization_scheme": "Bearer", "authorization_credentials": token}
    return settings


def _filled(value: str) -> str:
    """`${NAME}` as Grafana's files write it."""
    name = variable(value)
    return f"${name}" if name else value
