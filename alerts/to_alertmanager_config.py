"""Routing → the spec of Prometheus Operator's AlertmanagerConfig (monitoring.coreos.com/v1alpha1).

Secrets are keys of one Secret, named like their environment variables. The operator adds to every route and
inhibition that the label `namespace` is that of the AlertmanagerConfig: the alerts need this label.
"""

from typing import Any

from alerts.routing import EXPLAINED, INCIDENTS, OF_INCIDENT, Matcher, Route, Routing, Waits, render_mute_time
from alerts.to_alertmanager import SLACK_TEXT, TITLE
from config import Receiver
from config.quantities import variable
from config.receivers import Email, Mail, MuteTime, Slack, Webhook

WEBHOOK_TOKEN = "WEBHOOK_TOKEN"


def render(routing: Routing, inbox: str, secret: str) -> dict[str, Any]:
    """The spec. `inbox` is the address of the incidents page's webhook, `secret` the name of the Secret.

    Raises ValueError for a mute time that is not in UTC, which an AlertmanagerConfig cannot express.
    """
    spec: dict[str, Any] = {
        "route": {
            "receiver": routing.default,
            "groupBy": list(routing.group_by),
            **_waits(routing.waits),
            "routes": [_route(route) for route in routing.routes],
        },
        "inhibitRules": [
            {
                "sourceMatch": [_matcher(Matcher("alertname", "=", inhibition.cause))],
                "targetMatch": [_matcher(Matcher("follows", "=", inhibition.slug))],
            }
            for inhibition in routing.inhibitions
        ],
        "receivers": [
            _incidents(inbox, secret),
            *(_receiver(receiver, routing.mail, secret) for receiver in routing.receivers),
        ],
    }
    if routing.mute_times:
        spec["muteTimeIntervals"] = [_mute_time(muted) for muted in routing.mute_times]
    return spec


def _route(route: Route) -> dict[str, Any]:
    rendered: dict[str, Any] = {"receiver": route.receiver}
    if route.matchers:
        rendered["matchers"] = list(map(_matcher, route.matchers))
    muted = {"muteTimeIntervals": list(route.mute_times)} if route.mute_times else {}
    rendered |= {**muted, **_waits(route.waits), "continue": route.continues}
    if route.verdicts:
        told = {"receiver": route.receiver, "matchers": [_matcher(EXPLAINED)], "groupBy": list(OF_INCIDENT)}
        rendered["routes"] = [{**told, **muted, **_waits(route.verdicts)}]
    return rendered


def _waits(waits: Waits) -> dict[str, str]:
    return {_camel(name): value for name, value in waits.render().items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _matcher(matcher: Matcher) -> dict[str, str]:
    return {"name": matcher.label, "matchType": matcher.operator, "value": matcher.value}


def _key(secret: str, name: str | None) -> dict[str, str]:
    return {"name": secret, "key": str(name)}


def _bearer(secret: str, name: str | None) -> dict[str, Any]:
    return {"authorization": {"type": "Bearer", "credentials": _key(secret, name)}}


def _incidents(inbox: str, secret: str) -> dict[str, Any]:
    webhook = {"url": inbox, "sendResolved": True, "httpConfig": _bearer(secret, WEBHOOK_TOKEN)}
    return {"name": INCIDENTS, "webhookConfigs": [webhook]}


def _receiver(receiver: Receiver, mail: Mail | None, secret: str) -> dict[str, Any]:
    match receiver:
        case Email():
            kind, settings = "emailConfigs", {"to": ", ".join(receiver.to), **_mail(mail, secret)}
        case Slack():
            kind, settings = "slackConfigs", _slack(receiver, secret)
        case Webhook():
            kind, settings = "webhookConfigs", _webhook(receiver, secret)
    return {"name": receiver.name, kind: [{**settings, "sendResolved": receiver.send_resolved}]}


def _mail(mail: Mail | None, secret: str) -> dict[str, Any]:
    if mail is None:
        return {}
    settings: dict[str, Any] = {"smarthost": mail.server, "from": mail.sender}
    if mail.username:
        settings["authUsername"] = mail.username
    if mail.password:
        settings["authPassword"] = _key(secret, variable(mail.password))
    return settings


def _slack(receiver: Slack, secret: str) -> dict[str, Any]:
    settings = {"apiURL": _key(secret, variable(receiver.url)), "title": TITLE, "text": SLACK_TEXT}
    return settings | ({"channel": receiver.channel} if receiver.channel else {})


def _webhook(receiver: Webhook, secret: str) -> dict[str, Any]:
    name = variable(receiver.url)
    settings: dict[str, Any] = {"urlSecret": _key(secret, name)} if name else {"url": receiver.url}
    if receiver.token:
        settings["httpConfig"] = _bearer(secret, variable(receiver.token))
    return settings


def _mute_time(muted: MuteTime) -> dict[str, Any]:
    if muted.timezone != "UTC":
        raise ValueError(
            f"mute_times {muted.name}: an AlertmanagerConfig knows no time zone but UTC "
            f"(got {muted.timezone}): write its hours in UTC, or leave it out"
        )
    rendered = render_mute_time(muted)
    (interval,) = rendered["time_intervals"]
    times = [{_camel(key): value for key, value in hours.items()} for hours in interval.get("times", ())]
    chosen = {"weekdays": interval.get("weekdays"), "times": times}
    return {"name": muted.name, "timeIntervals": [{key: value for key, value in chosen.items() if value}]}
