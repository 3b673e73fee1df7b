"""What entries of the audit trail say of releases, gate answers and retraining, with their evidence."""

from pydantic import BaseModel, JsonValue, ValidationError

from decisions.audit import Entry


class Guard(BaseModel):
    """A share of requests of both versions; `change` is relative, between its bounds: value, low, high.

    None is what is not known, and a bound where anything is possible.
    """

    live: float | None
    candidate: float | None
    change: tuple[float | None, float | None, float | None]
    requests: float


class Blamed(BaseModel):
    """An incident and its verdict at that time."""

    incident: int
    domain: str
    cause: str


class FailedCheck(BaseModel):
    """A check of the gate that a version failed."""

    check: str
    value: JsonValue = None
    limit: JsonValue = None


class Evidence(BaseModel):
    """Of a release what its controller saw, of the gate `checks` to `which`, of retraining the verdict."""

    compared: dict[str, Guard] = {}
    troubles: list[Blamed] = []
    limits: list[str] = []
    mismatch: bool = False
    blind: str = ""
    problem: str = ""
    checks: int | None = None
    failed: int = 0
    which: list[FailedCheck] = []
    domain: str = ""
    cause: str = ""
    confidence: float | None = None


class Decided(BaseModel):
    """An entry, and its evidence as far as that has a known form."""

    entry: Entry
    evidence: Evidence


def decide(entry: Entry) -> Decided:
    """The entry with its evidence read."""
    return Decided(entry=entry, evidence=read_evidence(entry.evidence))


def read_evidence(told: JsonValue) -> Evidence:
    """Members of another form are left out."""
    members = told if isinstance(told, dict) else {}
    try:
        return Evidence.model_validate(members)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors()}
        return Evidence.model_validate({name: members[name] for name in members if name not in wrong})
