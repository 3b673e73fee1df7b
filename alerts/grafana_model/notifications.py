"""Notifications of Grafana 12: contact points, the policy tree, mute times."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from alerts.grafana_model.rules import Duration
from grafana.strict import NonEmpty, Strict, Uid

Filled = Annotated[str, Field(pattern=r"^\$[A-Z_][A-Z0-9_]*$")]
"""A variable of Grafana's environment as a whole value."""

Clock = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class WebhookSettings(Strict):
    """Where and with what token messages are sent."""

    url: Filled | Annotated[str, Field(pattern=r"^https?://[^\s$]+$")]
    httpMethod: Literal["POST"]
    authorization_scheme: Literal["Bearer"] | None = None
    authorization_credentials: Filled | None = None


class SlackSettings(Strict):
    """An incoming webhook."""

    url: Filled
    recipient: NonEmpty | None = None


class EmailSettings(Strict):
    """Addresses; the mail server is Grafana's own (GF_SMTP_*)."""

    addresses: NonEmpty
    singleEmail: bool


class _Receiver(Strict):
    uid: Uid
    disableResolveMessage: bool


class WebhookReceiver(_Receiver):
    """An HTTP endpoint."""

    type: Literal["webhook"]
    settings: WebhookSettings


class SlackReceiver(_Receiver):
    """A Slack channel."""

    type: Literal["slack"]
    settings: SlackSettings


class EmailReceiver(_Receiver):
    """E-mail."""

    type: Literal["email"]
    settings: EmailSettings


Receiver = Annotated[WebhookReceiver | SlackReceiver | EmailReceiver, Field(discriminator="type")]


class ContactPoint(Strict):
    """A contact point."""

    orgId: Literal[1]
    name: NonEmpty
    receivers: Annotated[list[Receiver], Field(min_length=1)]


def _check_matcher(parts: list[str]) -> list[str]:
    if len(parts) != 3 or parts[1] not in ("=", "!=", "=~", "!~"):
        raise ValueError(f"{parts} is not a label, one of = != =~ !~, and a value")
    return parts


ObjectMatcher = Annotated[list[str], AfterValidator(_check_matcher)]


class Route(Strict):
    """A branch of the policy tree; waits and groups that are missing are the parent's."""

    receiver: NonEmpty
    object_matchers: list[ObjectMatcher] = []
    group_by: list[NonEmpty] = []
    mute_time_intervals: list[NonEmpty] = []
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    continue_: Annotated[bool, Field(alias="continue")] = False
    routes: list["Route"] = []

    def walk(self) -> Iterator["Route"]:
        """Itself and all below."""
        yield self
        for route in self.routes:
            yield from route.walk()


class Policy(Strict):
    """The root of the policy tree; it cannot be muted and takes what no branch does."""

    orgId: Literal[1]
    receiver: NonEmpty
    group_by: Annotated[list[NonEmpty], Field(min_length=1)]
    group_wait: Duration
    group_interval: Duration
    repeat_interval: Duration
    routes: list[Route] = []


class Times(Strict):
    """From a time of day to a later one."""

    start_time: Clock
    end_time: Clock


class Interval(Strict):
    """A time interval; a field that is left out matches any time."""

    location: NonEmpty
    weekdays: list[NonEmpty] = []
    times: list[Times] = []


class MuteTime(Strict):
    """A named mute time."""

    orgId: Literal[1]
    name: NonEmpty
    time_intervals: Annotated[list[Interval], Field(min_length=1)]
