"""`python -m diagnosis --since 15m`: the root cause of a recent incident, from the incidents API."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from diagnosis.verdict.verdict import Verdict

TIMEOUT = 20.0
UNITS = {"s": 1, "m": 60, "h": 3_600}
SHORTEST, LONGEST = 60, 6 * 3_600

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Settings(BaseSettings):
    """Each field is read from the variable of the same name in capitals; the address beats the port."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parent.parent / ".env", extra="ignore", env_ignore_empty=True
    )

    incidents_port: Annotated[int, Field(ge=1, le=65_535)] = 8010
    incidents_url: str = ""
    incidents_token: Annotated[str, Field(repr=False)] = ""

    @property
    def incidents(self) -> str:
        """Address of the incidents service."""
        return self.incidents_url.rstrip("/") or f"http://127.0.0.1:{self.incidents_port}"


@app.command()
def explain(
    since: Annotated[str, typer.Option(help="how far back: 5m, 15m, 2h; at most 6h")] = "15m",
    service: Annotated[list[str] | None, typer.Option(help="a service of yours, once for each")] = None,
) -> None:
    """Diagnose the last minutes: root cause and evidence."""
    seconds = _parse(since)
    try:
        settings = Settings()
    except ValidationError as bad:
        first = bad.errors()[0]
        _stop(f"{str(first['loc'][0]).upper()}={first['input']!r}: {first['msg']}", 2)
    now = time.time()
    found = ask(settings.incidents, now - seconds, now, service or [], settings.incidents_token)
    typer.echo(describe(found))


def ask(
    address: str,
    start: float,
    end: float,
    services: Sequence[str] = (),
    token: str = "",
    transport: httpx.BaseTransport | None = None,
) -> Verdict:
    """The verdict on a window (Unix seconds); without an answer the program ends with one line."""
    asked = {"start": start, "end": end, "services": list(services)}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx.Client(timeout=TIMEOUT, trust_env=False, transport=transport, headers=headers) as client:
            answer = client.post(f"{address}/api/diagnoses", json=asked)
            answer.raise_for_status()
            return Verdict.model_validate_json(answer.content)
    except httpx.HTTPStatusError as error:
        reason = _detail(error.response)
    except httpx.HTTPError as error:
        reason = f"{address} cannot be reached ({type(error).__name__})"
    except ValidationError:
        reason = f"what answers at {address} is not the incidents service"
    _stop(f"no verdict: {reason}. Is the stack up? `make status`", 1)


def describe(verdict: Verdict) -> str:
    """The verdict as lines of text."""
    lines = [f"{verdict.domain}: {verdict.cause} (confidence {verdict.confidence:.0%})", verdict.summary]
    if len(verdict.path) > 1:
        lines.append("Path: " + " → ".join(place.name for place in verdict.path))
    if verdict.onset is not None:
        lines.append(f"Since {time.strftime('%H:%M:%S', time.localtime(verdict.onset))}.")
    lines += [f"  - {statement.statement}" for statement in verdict.evidence]
    lines += [f"  trace {trace.trace_id}" for trace in verdict.traces]
    considered = [other for other in verdict.alternatives if other.confidence >= 0.02]
    lines += [f"  not {a.cause} ({a.confidence:.0%}): {a.why_not}" for a in considered]
    if verdict.remedy:
        lines.append(f"What to do: {verdict.remedy}")
    return "\n".join(lines)


def _parse(since: str) -> int:
    parts = re.fullmatch(r"(\d{1,5})([smh])", since)
    seconds = int(parts[1]) * UNITS[parts[2]] if parts else 0
    if not SHORTEST <= seconds <= LONGEST:
        _stop(f"SINCE={since!r} is not a period: write 5m, 15m or 2h, from 1m to 6h", 2)
    return seconds


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"status {answer.status_code}"
    return str(detail).rstrip(".")


def _stop(line: str, status: int) -> NoReturn:
    typer.echo(f"whence: {line}", err=True)
    raise typer.Exit(status)


if __name__ == "__main__":
    app()
