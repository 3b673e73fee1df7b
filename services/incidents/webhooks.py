"""What Grafana and Alertmanager send, read strictly; keys of newer versions are tolerated."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from services.incidents.incident import MARKS, Alert, Status

TEXT_LENGTH = 4_000
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_DASHBOARD = re.compile(r"/d/([A-Za-z0-9_-]{1,40})")
_PANEL = re.compile(r"[?&]viewPanel=(?:panel-)?(\d+)")


class Malformed(ValueError):
    """A body that is not a webhook of Grafana or Alertmanager; the message is one line."""


def shorten(text: str) -> str:
    """Cut text that is longer than TEXT_LENGTH: an alert with a long text is worth more than no alert."""
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…"


Text = Annotated[str, AfterValidator(shorten)]
Moment = Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", alias_generator=to_camel)


class SentAlert(_Model):
    """One alert as sent; `ends_at` counts only once it is resolved (a firing one carries the year 1)."""

    status: Status
    fingerprint: Annotated[str, Field(min_length=1, max_length=128)]
    labels: dict[Text, Text]
    annotations: dict[Text, Text] = {}
    starts_at: Moment
    ends_at: AwareDatetime | None = None
    dashboard_url: Annotated[Text, Field(alias="dashboardURL")] = ""
    panel_url: Annotated[Text, Field(alias="panelURL")] = ""

    def normalise(self) -> Alert:
        """Give the alert the form that both senders share."""
        mark = self.labels.get("alertname", "") in MARKS
        name = (
            (self.labels.get("rulename") if mark else None) or self.labels.get("alertname") or "Unnamed alert"
        )
        return Alert(
            fingerprint=self.fingerprint,
            name=name,
            status=self.status,
            severity=self.labels.get("severity", "none"),
            starts_at=self.starts_at.astimezone(UTC),
            ends_at=self._end() if self.status == "resolved" else None,
            labels=self.labels,
            annotations={**self._places(), **self.annotations},
        )

    def _end(self) -> datetime:
        end = self.ends_at.astimezone(UTC) if self.ends_at and self.ends_at > _EARLIEST else datetime.now(UTC)
        return max(end, self.starts_at.astimezone(UTC))

    def _places(self) -> Mapping[str, str]:
        """Grafana sends whole links in place of the private annotations: get the names back from them."""
        dashboard, panel = _DASHBOARD.search(self.dashboard_url), _PANEL.search(self.panel_url)
        return {
            **({"__dashboardUid__": dashboard[1]} if dashboard else {}),
            **({"__panelId__": panel[1]} if panel else {}),
        }


class Notification(_Model):
    """A webhook's body."""

    alerts: Annotated[list[SentAlert], Field(min_length=1, max_length=1_000)]


def read_alerts(body: bytes) -> list[Alert]:
    """Return the alerts in a webhook's body, oldest first. Raises Malformed."""
    try:
        notification = Notification.model_validate_json(body)
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise Malformed(f"{where}: {first['msg']}") from None
    return sorted((alert.normalise() for alert in notification.alerts), key=lambda alert: alert.starts_at)
