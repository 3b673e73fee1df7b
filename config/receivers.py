"""Who is told besides the incidents page, which is told always; and when not to tell them."""

import re
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from config.errors import wrong
from config.quantities import AddressOrSecret, Name, Secret, Text, variable
from config.strict import Severity, Strict

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

INBOX = "incidents"
"""The receiver that is always there."""

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d|24:00"
_MAIL = r"[^@\s]+@[^@\s]+"
_SERVER = r"[^\s:/]+:\d{1,5}"


def _check_free(name: str) -> str:
    if name == INBOX:
        raise wrong("is the incidents page's, which is told always", "give it another name")
    return name


def _check_clock(value: Any) -> str:
    return _matching(value, _CLOCK, "a time of day", "write one such as 08:30; midnight is 24:00")


def _check_mail(value: Any) -> str:
    return _matching(value, _MAIL, "an e-mail address", "write it like team@example.org")


def _check_server(value: Any) -> str:
    return _matching(value, _SERVER, "a mail server", "write host and port, such as smtp.example.org:587")


def _check_timezone(value: Any) -> str:
    if value not in available_timezones():
        raise wrong("is not a time zone", "write a name of the tz database, such as Europe/Zurich")
    return str(value)


def _matching(value: Any, pattern: str, what: str, allowed: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise wrong(f"is not {what}", allowed)
    return value


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})


Clock = Annotated[str, BeforeValidator(_check_clock), _schema(_CLOCK)]
MailAddress = Annotated[str, BeforeValidator(_check_mail), _schema(_MAIL)]
Server = Annotated[str, BeforeValidator(_check_server), _schema(_SERVER)]
Timezone = Annotated[str, BeforeValidator(_check_timezone), WithJsonSchema({"type": "string"})]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Hours(Strict):
    """From one time of the day to a later one."""

    from_: Annotated[Clock, Field(alias="from")]
    to: Clock

    @model_validator(mode="after")
    def _check(self) -> "Hours":
        if self.from_ >= self.to:
            raise wrong(
                "is not after `from`", "over midnight, write two entries: until 24:00 and from 00:00", ["to"]
            )
        return self


class MuteTime(Strict):
    """When the receivers that name it are left in peace. No days means every day, no hours the whole day."""

    name: Name
    days: tuple[Weekday, ...] = ()
    hours: tuple[Hours, ...] = ()
    timezone: Timezone = "UTC"


class _Secretive(Strict):
    hides_values = True

    @property
    def secrets(self) -> dict[str, str]:
        """Environment variable by the key that takes its value from it."""
        references = {key: variable(value) for key, value in self if isinstance(value, str)}
        return {key: name for key, name in references.items() if name}


class _Told(_Secretive):
    name: Annotated[Name, AfterValidator(_check_free)]
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = SEVERITIES
    send_resolved: bool = True
    mute_times: tuple[Name, ...] = ()


class Mail(_Secretive):
    """The mail server that sends for receivers of type email."""

    server: Server
    """Host and port; the connection is encrypted by STARTTLS."""
    sender: MailAddress
    username: Text | None = None
    password: Secret | None = None


class Email(_Told):
    """E-mail through the server under `mail`."""

    type: Literal["email"]
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1)]


class Slack(_Told):
    """A Slack channel, through an incoming webhook."""

    type: Literal["slack"]
    url: Secret
    channel: Text | None = None


class Webhook(_Told):
    """Any HTTP endpoint; the body is Alertmanager's or Grafana's, `token` is sent as a bearer token."""

    type: Literal["webhook"]
    url: AddressOrSecret
    token: Secret | None = None


Receiver = Annotated[Email | Slack | Webhook, Field(discriminator="type")]
