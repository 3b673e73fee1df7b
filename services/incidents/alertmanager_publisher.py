"""Publishes verdicts as alerts to Alertmanager, for the receivers of whoever does not look at the page.

An alert is sent before its verdict exists. The verdict follows as an alert of its own, `Incident Explained`,
with the severity of the incident, so that it takes the same routes; the inbox leaves it out (`is_own`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx
import structlog

from diagnosis import Verdict
from services.incidents.incident import Alert, Incident
from services.incidents.verdicts import format_briefly, format_certainty

NAME = "Incident Explained"
LABEL = "explained"
TIMEOUT = 2.0
LASTS = timedelta(minutes=6)
"""How long it fires without being said again: longer than the pause between two diagnoses."""

log = structlog.get_logger(__name__)


def is_own(alert: Alert) -> bool:
    """Whether an alert is a verdict of ours, come back."""
    return alert.labels.get(LABEL) == "true"


class AlertmanagerPublisher:
    """Sends to one Alertmanager, or to nobody; a failure is logged once, until it is reached again."""

    def __init__(self, alertmanager: str | None, page: str) -> None:
        self._address = alertmanager
        self._page = page
        self._failing = False
        self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)

    async def notify(self, incident: Incident, verdict: Verdict, former: Verdict | None) -> None:
        """Send the verdict, and that the `former` one no longer holds. Nothing fails here."""
        said = [(verdict, incident.ended_at is not None), *([(former, True)] if former else [])]
        alerts = [
            compose(incident, each, self._page, over=over)
            for each, over in said
            if each.domain not in ("none", "unknown")
        ]
        if not alerts or not self._address:
            return
        try:
            answer = await self._client.post(f"{self._address}/api/v2/alerts", json=alerts)
            answer.raise_for_status()
            self._failing = False
        except httpx.HTTPError as error:
            if not self._failing:
                log.warning("verdict not sent to Alertmanager", reason=str(error) or type(error).__name__)
            self._failing = True

    async def close(self) -> None:
        await self._client.aclose()


def compose(incident: Incident, verdict: Verdict, page: str, *, over: bool) -> Mapping[str, object]:
    """The alert, in the form of Alertmanager's API v2."""
    now = datetime.now(UTC)
    alerts = ", ".join(dict.fromkeys(alert.name for alert in incident.alerts))
    address = f"{page}/incidents/{incident.id}"
    certainty = f"{format_certainty(verdict.confidence)}, {verdict.confidence:.0%}"
    return {
        "labels": {
            "alertname": NAME,
            "severity": incident.headline.severity,
            "component": verdict.component or incident.headline.component,
            "incident": str(incident.id),
            "cause": verdict.cause,
            LABEL: "true",
        },
        "annotations": {
            "summary": verdict.summary,
            "description": f"{format_briefly(verdict)} ({certainty}). {verdict.remedy} "
            f"Explains: {alerts}. {address}",
            "runbook_url": f"{page}{verdict.runbook}" if verdict.runbook else address,
        },
        "startsAt": incident.started_at.isoformat(),
        "endsAt": (now if over else now + LASTS).isoformat(),
        "generatorURL": address,
    }
