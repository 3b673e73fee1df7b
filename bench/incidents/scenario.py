"""What is done to a stack and the right answer: data, so that others can add their own."""

from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

SCENARIOS = Path(__file__).with_name("scenarios")

DOMAINS = {
    "storage-latency": "infrastructure",
    "storage-jitter": "infrastructure",
    "storage-errors": "infrastructure",
    "storage-outage": "infrastructure",
    "storage-bandwidth": "infrastructure",
    "connection-pool-exhaustion": "infrastructure",
    "cpu-starvation": "infrastructure",
    "traffic-surge": "traffic",
    "collector-outage": "telemetry",
    "bad-model": "model",
    "covariate-drift": "data",
    "concept-drift": "data",
    "missing-features": "data",
    "stale-features": "data",
    "biased-segment": "data",
    "catalogue-corruption": "data",
}
"""The domain of each cause: the contract's, not the diagnosis's."""

SHARES_THE_MACHINE = {"cpu-starvation", "traffic-surge"}
"""Faults that affect other stacks on the machine: they run alone."""

USES_BEHAVIOUR = {"covariate-drift", "concept-drift", "traffic-surge"}
"""Faults that write the users' behaviour, as the steps `surge` and `mix` do."""

Kind = Literal["fault", "confounded", "control", "unknown"]
Split = Literal["train", "report"]
Severity = Literal["low", "medium", "high"]
Outsider = Literal["pauses", "lost-clicks", "crashes"]


class ScenarioError(Exception):
    """A scenario file that cannot be used: one line saying where and why."""


class Step(BaseModel):
    """One thing done `at` seconds after the steady time: exactly one of the other fields is set.

    `rollout` is the share (0–1) of users who get the harmless other version, `surge` a factor on the rate,
    `mix` the users' weights, `outsider` an unlisted fault, of which the diagnosis has not been told
    of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Annotated[float, Field(ge=0, le=300)] = 0
    fault: str | None = None
    severity: Severity = "high"
    rollout: Annotated[float | None, Field(ge=0, le=1)] = None
    restart: str | None = None
    surge: Annotated[float | None, Field(gt=0, le=20)] = None
    mix: dict[str, float] | None = None
    outsider: Outsider | None = None

    @property
    def does(self) -> str:
        """What the step does, in a word or two."""
        what = self.fault or self.outsider
        if what:
            return f"{what} {self.severity}"
        if self.restart:
            return f"restart {self.restart}"
        if self.rollout is not None:
            return f"rollout {self.rollout:.0%}"
        return f"surge ×{self.surge:g}" if self.surge else "another mix of users"

    @model_validator(mode="after")
    def _does_one_thing(self) -> "Step":
        choices = (self.fault, self.rollout, self.restart, self.surge, self.mix, self.outsider)
        if sum(choice is not None for choice in choices) != 1:
            raise ValueError("a step does exactly one of fault, rollout, restart, surge, mix, outsider")
        if self.fault is not None and self.fault not in DOMAINS:
            raise ValueError(f"no fault {self.fault!r}: use one of {', '.join(DOMAINS)}")
        return self


class Expected(BaseModel):
    """The right answer; domain and cause are both `none` for a control, `unknown` for an unlisted fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: Literal["infrastructure", "traffic", "telemetry", "model", "data", "none", "unknown"]
    cause: str


class Scenario(BaseModel):
    """One run: what is done, when by chance (`seed`), and the right answer.

    `settle`: seconds from the alert to the question.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
    kind: Kind
    split: Split = "report"
    steps: list[Step] = []
    seed: Annotated[int, Field(ge=0)]
    settle: Annotated[float, Field(ge=10, le=600)] = 50
    expected: Expected

    @property
    def root(self) -> Step | None:
        """The step that injects the fault; of a control the first step, if it has one."""
        root = [step for step in self.steps if step.outsider or step.fault == self.expected.cause]
        return next(iter([*root, *self.steps]), None)

    @property
    def alone(self) -> bool:
        """Whether it affects other stacks on the machine."""
        return any(step.fault in SHARES_THE_MACHINE or (step.surge or 1) > 2 for step in self.steps)

    @model_validator(mode="after")
    def _makes_sense(self) -> "Scenario":
        faults = {step.fault for step in self.steps if step.fault}
        if self.kind in ("fault", "confounded") and self.expected.cause not in faults:
            raise ValueError(f"no step injects the expected cause {self.expected.cause!r}")
        if faults & USES_BEHAVIOUR and any(step.surge or step.mix for step in self.steps):
            raise ValueError("a surge or mix would undo a fault that is one itself")
        named = self.expected.cause
        if self.expected.domain != DOMAINS.get(named, named):
            raise ValueError(f"{named} is of the domain {DOMAINS.get(named, named)}")
        return self


_LIST = TypeAdapter(list[Scenario])


def load_scenarios(source: Path = SCENARIOS, only: str = "*", split: Split | None = None) -> list[Scenario]:
    """The scenarios of a YAML or JSON file, or of all in a folder, whose id matches the pattern `only`.

    Raises ScenarioError.
    """
    files = [source]
    if source.is_dir():
        files = sorted(file for file in source.glob("*") if file.suffix in (".yaml", ".json"))
    found = [scenario for file in files for scenario in _read(file)]
    ids = [scenario.id for scenario in found]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice:
        raise ScenarioError(f"{source}: the id {twice!r} is used twice; give each scenario its own")
    chosen = [each for each in found if fnmatch(each.id, only) and split in (None, each.split)]
    if not chosen:
        raise ScenarioError(f"{source}: no scenario matches {only!r}")
    return chosen


def _read(file: Path) -> list[Scenario]:
    try:
        content = yaml.safe_load(file.read_text())
        return _LIST.validate_python([draw for entry in content for draw in _draw(entry)])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(f"{file}: {place}: {first['msg']}") from None
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise ScenarioError(f"{file}: not a list of scenarios ({error})") from None


def _draw(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An entry with `faults`, `severities` and `seeds` stands for every combination of them."""
    if "faults" not in entry:
        yield entry
        return
    for fault, severity, seed in product(entry["faults"], entry["severities"], entry["seeds"]):
        yield {
            "id": f"{fault}-{severity}-{seed}",
            "kind": "fault",
            "split": entry.get("split", "report"),
            "steps": [{"fault": fault, "severity": severity}],
            "seed": seed,
            "expected": {"domain": DOMAINS.get(fault, fault), "cause": fault},
        }
