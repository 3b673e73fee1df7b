"""Who Grafana 12 tells: contact points and the policy tree."""

from typing import Annotated, Literal

from pydantic import Field

from alerts.grafana_model.rules import Duration
from grafana.strict import NonEmpty, Strict, Uid


class WebhookSettings(Strict):
    """Where and with what token messages are sent; the values come from the environment."""

    url: Literal["$INCIDENTS_WEBHOOK_URL"]
    httpMethod: Literal["POST"]
    authorization_scheme: Literal["Bearer"]
    authorization_credentials: Literal["$WEBHOOK_TOKEN"]


class Receiver(Strict):
    """One way of a contact point."""

    uid: Uid
    type: Literal["webhook"]
    disableResolveMessage: bool
    settings: WebhookSettings


class ContactPoint(Strict):
    """Who is told."""

    orgId: Literal[1]
    name: NonEmpty
    receivers: Annotated[list[Receiver], Field(min_length=1)]


class Policy(Strict):
    """The root of the policy tree."""

    orgId: Literal[1]
    receiver: NonEmpty
    group_by: Annotated[list[NonEmpty], Field(min_length=1)]
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
