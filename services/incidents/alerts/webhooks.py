"""Webhooks of Grafana, Alertmanager and compatible senders.

Each alert is read by itself: unknown keys are ignored, keys that older senders omit are filled in, and an
alert that cannot be used is returned with the reason.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic_core import from_json, to_json

from services.incidents.alerts.fingerprint import fingerprint
from services.incidents.incident import LEFT_OUT, MARKS, SENT_START, Alert, Status

TEXT_LENGTH = 4_000
MOST_ALERTS = 5_000
"""Alerts of one webhook that are read: a group that storms is sent whole, by default."""

SKEW = timedelta(minutes=1)
"""How far a sender's clock may be ahead."""

UNSTORABLE = "has half of a surrogate pair (\\ud800 to \\udfff), or is nested too deeply"

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_BYTE_ORDER_MARK, _GZIP = b"\xef\xbb\xbf", b"\x1f\x8b"
_DASHBOARD = re.compile(r"/d/([A-Za-z0-9_-]{1,40})")
_PANEL = re.compile(r"[?&]viewPanel=(?:panel-)?(\d+)")


class Malformed(ValueError):
    """A body that is not a webhook of Grafana or Alertmanager; the message is one line."""


class Refused(NamedTuple):
    """A refused alert or body, or `number` alerts; `kind` is alert, too_many, body or too_large."""

    kind: str
    reason: str
    content: str
    number: int = 1


class Received(NamedTuple):
    """The usable alerts of a webhook, oldest first, and what was refused."""

    alerts: list[Alert]
    refused: list[Refused]


def shorten(text: str) -> str:
    """Cut text that is longer than TEXT_LENGTH: an alert with a long text is worth more than no alert."""
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…"


def replace_nul(text: str) -> str:
    """The same with U+FFFD for each U+0000, which PostgreSQL does not store."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _write_texts(values: Any) -> Any:
    """Numbers and booleans as strings; nulls are dropped."""
    if not isinstance(values, dict):
        return values
    return {key: _write_text(value) for key, value in values.items() if value is not None}


def _write_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool | int | float) else value


Text = Annotated[str, AfterValidator(replace_nul), AfterValidator(shorten)]
Texts = Annotated[dict[Text, Text], BeforeValidator(_write_texts)]
Identity = Annotated[str, BeforeValidator(_write_text), AfterValidator(replace_nul), Field(max_length=128)]
Moment = Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST)]
End = Annotated[AwareDatetime | None, Field(strict=False), BeforeValidator(lambda sent: sent or None)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", alias_generator=to_camel)


class SentAlert(_Model):
    """One alert as sent; `ends_at` counts only once it is resolved (a firing one carries the year 1)."""

    status: Status | None = None
    fingerprint: Identity | None = None
    labels: Texts
    annotations: Annotated[Texts, BeforeValidator(lambda sent: sent or {})] = {}
    starts_at: Moment
    ends_at: End = None
    dashboard_url: Annotated[Text | None, Field(alias="dashboardURL")] = None
    panel_url: Annotated[Text | None, Field(alias="panelURL")] = None

    def normalise(self, of_all: Status, left_out: int, now: datetime) -> Alert:
        """The alert in the form that all senders share; `of_all` is the webhook's status."""
        mark = self.labels.get("alertname", "") in MARKS
        name = (
            (self.labels.get("rulename") if mark else None) or self.labels.get("alertname") or "Unnamed alert"
        )
        status = self.status or ("resolved" if self._is_over(now) else of_all)
        starts_at = now if self._is_ahead(now) else self.starts_at
        return Alert(
            fingerprint=self.fingerprint or fingerprint(self.labels),
            name=name,
            status=status,
            severity=self.labels.get("severity", "none"),
            starts_at=starts_at.astimezone(UTC),
            ends_at=self._end(starts_at, now) if status == "resolved" else None,
            labels=self.labels,
            annotations={**self._places(), **self.annotations, **self._say(left_out, now)},
        )

    def _is_ahead(self, now: datetime) -> bool:
        return self.starts_at > now + SKEW

    def _is_over(self, now: datetime) -> bool:
        return self.ends_at is not None and _EARLIEST < self.ends_at <= now

    def _end(self, starts_at: datetime, now: datetime) -> datetime:
        known = self.ends_at is not None and _EARLIEST < self.ends_at <= now + SKEW
        end = self.ends_at if self.ends_at and known else now
        return max(end.astimezone(UTC), starts_at.astimezone(UTC))

    def _say(self, left_out: int, now: datetime) -> Mapping[str, str]:
        """Annotations that the page turns into sentences."""
        return {
            **({LEFT_OUT: str(left_out)} if left_out else {}),
            **({SENT_START: self.starts_at.astimezone(UTC).isoformat()} if self._is_ahead(now) else {}),
        }

    def _places(self) -> Mapping[str, str]:
        """Grafana sends whole links in place of the private annotations: get the names back from them."""
        dashboard, panel = _DASHBOARD.search(self.dashboard_url or ""), _PANEL.search(self.panel_url or "")
        return {
            **({"__dashboardUid__": dashboard[1]} if dashboard else {}),
            **({"__panelId__": panel[1]} if panel else {}),
        }


def read_alerts(body: bytes, now: datetime | None = None) -> Received:
    """Read a webhook's body. Raises Malformed if it holds no list of alerts."""
    now = now or datetime.now(UTC)
    content = _parse(body)
    sent = content.get("alerts")
    if not isinstance(sent, list) or not sent:
        raise Malformed("alerts: has to be a list with at least one alert")
    of_all: Status = "resolved" if content.get("status") == "resolved" else "firing"
    left_out = content.get("truncatedAlerts")
    count = left_out if isinstance(left_out, int) and left_out > 0 else 0
    read = [_read_one(place, each, of_all, count, now) for place, each in enumerate(sent[:MOST_ALERTS])]
    alerts = sorted((each for each in read if isinstance(each, Alert)), key=lambda alert: alert.starts_at)
    refused = [each for each in read if isinstance(each, Refused)]
    return Received(alerts, [*refused, *_refuse_rest(sent)])


def _parse(body: bytes) -> dict[str, Any]:
    text = body.removeprefix(_BYTE_ORDER_MARK).strip()
    if not text:
        raise Malformed("body: is empty")
    if text.startswith(_GZIP):
        raise Malformed("body: is compressed by gzip: send it as it is")
    content = _load(text.decode(errors="replace"))
    if not isinstance(content, dict):
        raise Malformed("body: is not a JSON object")
    return content


def _load(text: str) -> Any:
    """What JSON says; where it cannot be stored, that is left for the alert it belongs to."""
    try:
        return from_json(text)
    except ValueError as error:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed(f"body: is not JSON: {error}") from None


def _read_one(place: int, sent: Any, of_all: Status, left_out: int, now: datetime) -> Alert | Refused:
    try:
        content = to_json(sent)
    except ValueError:
        return Refused("alert", f"alerts.{place}: {UNSTORABLE}", _show(sent))
    try:
        return SentAlert.model_validate_json(content).normalise(of_all, left_out, now)
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, ("alerts", place, *first["loc"])))
        return Refused("alert", f"{where}: {first['msg']}", content.decode())


def _refuse_rest(sent: list[Any]) -> list[Refused]:
    rest = len(sent) - MOST_ALERTS
    if rest <= 0:
        return []
    reason = f"{rest} alerts beyond {MOST_ALERTS} in one webhook: set max_alerts, or group by more labels"
    return [Refused("too_many", reason, _show(sent[MOST_ALERTS]), rest)]


def _show(sent: Any) -> str:
    """The JSON, with an escape for what UTF-8 has not."""
    return json.dumps(sent, ensure_ascii=False).encode(errors="backslashreplace").decode()
