"""`make lineage`: asks the inbox where a version, a data set or a request came from; as text."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from stack import StackError
from stack.settings import Settings

TIMEOUT = 30.0
"""Seconds: a month of samples is asked."""

SHOWN = 5
"""Periods of a service and changes of a version, the newest."""

Found = Mapping[str, Any]


def describe_lineage(settings: Settings, kind: str, name: str) -> str:
    """Of one of the versions, datasets or traces by its `name`. Raises StackError."""
    return "\n".join(_describe(ask_inbox(settings, f"/api/lineage/{kind}/{quote(name, safe='')}")))


def ask_inbox(settings: Settings, path: str) -> Found:
    """What the inbox answers. Raises StackError."""
    address = settings.url("incidents")
    try:
        headers = {"Authorization": f"Bearer {settings.incidents_token}"} if settings.incidents_token else {}
        answer = httpx.get(f"{address}{path}", timeout=TIMEOUT, trust_env=False, headers=headers)
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise StackError(f"no inbox at {address} ({reason}): start it with `make up`") from None
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        raise StackError(
            "the inbox does not take that name: a trace id has 16 to 32 hexadecimal digits, others have "
            "at most 300 characters"
        )
    try:
        found: Found = answer.json()
        if not answer.is_success:
            raise StackError(str(found["detail"]))
    except (ValueError, LookupError, TypeError):
        raise StackError(f"{address} is not the inbox, by its answer (status {answer.status_code})") from None
    return found


def _describe(found: Found) -> Iterator[str]:
    if "trace_id" in found:
        yield f"Request {found['trace_id']} at {_moment(found['started_at'])}"
        for each in found["answered"]:
            made = f", made of data set {each['data_set']}" if each["data_set"] else ""
            yield f"  {each['service']}: {each['span']} was answered by {each['version']}{made}"
        if not found["answered"]:
            yield "  no span of it names a model version"
    if "data_set" in found:
        yield f"Data set {found['data_set']}"
        if found["used"]:
            yield f"  {_describe_data(found['used'])}"
        yield f"  {found['answers']:,.0f} answers in the last 30 days, by {len(found['versions'])} versions"
    for version in found["versions"]:
        yield from _describe_version(version)
    yield from found["missing"]


def _describe_version(version: Found) -> Iterator[str]:
    yield f"Version {version['version']}"
    for run in version["trainings"]:
        yield from _describe_training(run)
    if not version["trainings"]:
        yield "  no trainer has told of it"
    for serving in version["servings"]:
        of = f"{serving['model']} in {serving['service']}, data set {serving['data_set'] or 'unknown'}"
        yield f"  served {of}: {serving['answers']:,.0f} answers in the last 30 days"
        for period in serving["periods"][-SHOWN:]:
            until = _moment(period["until"]) if period["until"] else "now"
            yield f"    {_moment(period['since'])} to {until}"
    for sample in version["samples"]:
        yield f"  answered {sample['trace_id']} at {_moment(sample['started_at'])}"
    for change in version["changes"][:SHOWN]:
        why = f": {change['why']}" if change["why"] else ""
        yield f"  {_moment(change['at'])} {change['who']}: {change['what']} {change['subject']}{why}"


def _describe_training(run: Found) -> Iterator[str]:
    at, revision = _moment(run["ended"] or run["began"]), run["revision"] or "unknown"
    yield f"  training run {run['run']}: {run['state']} at {at}, code {revision}"
    if run["error"]:
        yield f"    {run['error']}"
    for data in run["data"]:
        yield f"    of {_describe_data(data)}"
    for title, values in (("parameters", run["parameters"]), ("offline", run["metrics"])):
        if values:
            yield f"    {title}: " + ", ".join(f"{name} {value}" for name, value in values.items())


def _describe_data(data: Found) -> str:
    rows = f", {data['rows']:,} rows" if data["rows"] is not None else ""
    checks = (
        f"{check['name']} {'passed' if check['passed'] else 'failed'}"
        + (f" ({check['found']})" if check["found"] not in (None, "0") else "")
        for check in data["checks"]
    )
    return ", ".join([f"{data['name']} {data['id']}{rows}", *checks])


def _moment(written: str) -> str:
    return f"{written[:19].replace('T', ' ')} UTC"
