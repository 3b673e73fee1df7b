"""Routing → Alertmanager's configuration. It holds no secret and no port: they are in files beside it.

Alertmanager looks for a file of an address or a password in its working directory, and for the file of a
token beside its configuration: it is started where that is the same.
"""

from typing import Any

from alerts.routing import EXPLAINED, INCIDENTS, OF_INCIDENT, Matcher, Route, Routing, render_mute_time
from config import Receiver
from config.quantities import variable
from config.receivers import Email, Mail, Slack, Webhook

TITLE = "{{ .Status }}: {{ .GroupLabels.alertname }}"
TEXT = "\n".join(f"{{{{ .Annotations.{name} }}}}" for name in ("summary", "description", "runbook_url"))
SLACK_TEXT = f"{{{{ range .Alerts }}}}{TEXT}\n{{{{ end }}}}"
"""What a Slack message says; Alertmanager's own has no text."""


def render(routing: Routing) -> dict[str, Any]:
    """The file's content."""
    content: dict[str, Any] = {
        "route": {
            "receiver": routing.default,
            "group_by": list(routing.group_by),
            **routing.waits.render(),
            "routes": [_route(route) for route in routing.routes],
        },
        "inhibit_rules": [
            {
                "source_matchers": [f'alertname="{inhibition.cause}"'],
                "target_matchers": [f'follows="{inhibition.slug}"'],
            }
            for inhibition in routing.inhibitions
        ],
        "receivers": [_incidents(), *(_receiver(receiver) for receiver in routing.receivers)],
    }
    if routing.mail:
        content["global"] = _mail(routing.mail)
    if routing.mute_times:
        content["time_intervals"] = [render_mute_time(muted) for muted in routing.mute_times]
    return content


def _route(route: Route) -> dict[str, Any]:
    rendered: dict[str, Any] = {"receiver": route.receiver}
    if route.matchers:
        rendered["matchers"] = list(map(_matcher, route.matchers))
    muted = {"mute_time_intervals": list(route.mute_times)} if route.mute_times else {}
    rendered |= {**muted, **route.waits.render(), "continue": route.continues}
    if route.verdicts:
        told = {"receiver": route.receiver, "matchers": [_matcher(EXPLAINED)], "group_by": list(OF_INCIDENT)}
        rendered["routes"] = [{**told, **muted, **route.verdicts.render()}]
    return rendered


def _matcher(matcher: Matcher) -> str:
    label, operator, value = matcher
    return f'{label}{operator}"{value}"'


def _incidents() -> dict[str, Any]:
    token = {"type": "Bearer", "credentials_file": "webhook_token"}
    webhook = {"url_file": "webhook_url", "send_resolved": True, "http_config": {"authorization": token}}
    return {"name": INCIDENTS, "webhook_configs": [webhook]}


def _mail(mail: Mail) -> dict[str, Any]:
    settings = {"smtp_smarthost": mail.server, "smtp_from": mail.sender}
    if mail.username:
        settings["smtp_auth_username"] = mail.username
    if mail.password:
        settings["smtp_auth_password_file"] = str(variable(mail.password))
    return settings


def _receiver(receiver: Receiver) -> dict[str, Any]:
    match receiver:
        case Email():
            kind, settings = "email_configs", {"to": ", ".join(receiver.to)}
        case Slack():
            kind, settings = "slack_configs", _slack(receiver)
        case Webhook():
            kind, settings = "webhook_configs", _webhook(receiver)
    return {"name": receiver.name, kind: [{**settings, "send_resolved": receiver.send_resolved}]}


def _slack(receiver: Slack) -> dict[str, Any]:
    settings = {
        "api_url_file": variable(receiver.url),
        "title": TITLE,
        "text": SLACK_TEXT,
    }
    return settings | ({"channel": receiver.channel} if receiver.channel else {})


def _webhook(receiver: Webhook) -> dict[str, Any]:
    secret = variable(receiver.url)
    settings: dict[str, Any] = {"url_file": secret} if secret else {"url": receiver.url}
    if receiver.token:
        token = {"type": "Bearer", "credentials_file": variable(receiver.token)}
        settings["http_config"] = {"authorization": token}
    return settings
