"""Requests that two versions answered, from their traces: what each of them chose."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from jaeger.client import Trace, search
from prometheus.client import AsyncClient
from telemetry import attributes as a
from telemetry.instruments import SHADOW_REQUESTS
from telemetry.shadow import ListDifference
from telemetry.spans import SHADOW_ANSWER

LOOKED_BACK = 3600.0
"""Seconds."""
SHOWN = 20

ITEMS = TypeAdapter(list[int])


class ShadowAnswer(BaseModel):
    """One request: the items that its user got of `version`, and those that `shadow_version` chose."""

    trace_id: str
    at: datetime
    version: str
    shadow_version: str
    segment: str
    agreement: float
    overlap: float
    items: list[int]
    shadow_items: list[int]


async def find_shadow_answers(jaeger: AsyncClient, difference: ListDifference) -> list[ShadowAnswer]:
    """The latest of the last hour that differ so much, least alike first. Raises SourceAway."""
    now = time.time()
    sought = search(
        SHADOW_REQUESTS.service,
        now - LOOKED_BACK,
        now,
        limit=SHOWN,
        operation=SHADOW_ANSWER.name,
        tags={a.SHADOW_DIFFERENCE: difference.value},
    )
    return read_shadow_answers(await jaeger.ask(sought))


def read_shadow_answers(traces: list[Trace]) -> list[ShadowAnswer]:
    """Those whose spans say all that they should."""
    found = [answer for answer in map(_read, traces) if answer]
    return sorted(found, key=lambda each: (each.overlap, -each.at.timestamp()))


def _read(trace: Trace) -> ShadowAnswer | None:
    span = next((span for span in trace.spans if span.name == SHADOW_ANSWER.name), None)
    if span is None:
        return None
    tags = span.tags
    try:
        return ShadowAnswer.model_validate(
            {
                "trace_id": trace.trace_id,
                "at": datetime.fromtimestamp(trace.started_at, UTC),
                "version": tags.get(a.MODEL_VERSION),
                "shadow_version": tags.get(a.SHADOW_MODEL_VERSION),
                "segment": tags.get(a.USER_SEGMENT),
                "agreement": tags.get(a.SHADOW_AGREEMENT),
                "overlap": tags.get(a.SHADOW_RANK_BIASED_OVERLAP),
                "items": _items(tags.get(a.RECOMMENDATION_ITEMS)),
                "shadow_items": _items(tags.get(a.SHADOW_ITEMS)),
            }
        )
    except (ValidationError, json.JSONDecodeError):
        return None


def _items(value: Any) -> Any:
    """Jaeger gives a list as its text in JSON."""
    return ITEMS.validate_python(json.loads(value) if isinstance(value, str) else value)
