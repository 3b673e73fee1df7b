"""What is kept of a change of who is served by what: in the audit trail, and as lineage."""

import sys
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

from pydantic import JsonValue, ValidationError

from config import ConfigError
from config.experiments import Experiment
from decisions.audit import Change, Trail, TrailError, read_shares
from decisions.lineage.emission import Emitter
from decisions.lineage.events import serve
from prometheus.client import Client
from services.demo.storage.artefacts import MODEL, SERVICE
from stack import AUDIT_FILE, StackError
from stack.settings import load_settings

LOOKED_AT = 1_000
"""Entries of the audit trail, the newest, among which the last split of the users is looked for."""


def record(change: Change, otherwise: str) -> None:
    """Keep a change; raises StackError, which ends with `otherwise`, unless the audit trail has it.

    Lineage that cannot be told is a line on standard error.
    """
    try:
        Trail(AUDIT_FILE).append(change)
    except TrailError as error:
        raise StackError(f"{error}; {otherwise}") from None
    for problem in _tell_lineage(change):
        print(f"whence: {problem}", file=sys.stderr)


def explain_invalid(refused: ValidationError) -> str:
    """Which part of a change the trail cannot keep, and why."""
    error = refused.errors()[0]
    return f"{error['loc'][0]} {error['input']!r} cannot be kept in the audit trail: {error['msg']}"


def find_running(versions: Collection[str]) -> str | None:
    """The name of the experiment that split the users between these, if that was the last split."""
    with suppress(TrailError):
        splits = (entry for entry in Trail(AUDIT_FILE).latest(LOOKED_AT) if entry.is_serving)
        last = next(splits, None)
        if last and last.what == "experiment.begun" and last.shares.keys() == set(versions):
            return last.subject
    return None


def ask_outcome(experiment: str, experiments: Callable[[], Iterable[Experiment]]) -> JsonValue:
    """What came of one of the experiments, which are read for it, as far as it can be known."""
    from decisions.experiments.outcome import read_outcome  # NumPy and SciPy load slowly

    try:
        declared = {each.name: each for each in experiments()}
        if experiment not in declared:
            return {"unknown": "whence.yaml does not declare it"}
        client = Client("Prometheus", load_settings().url("prometheus"))
    except (ConfigError, StackError) as error:
        return {"unknown": str(error)}
    try:
        return read_outcome(client, declared[experiment], time.time())
    finally:
        client.close()


def _tell_lineage(change: Change) -> list[str]:
    """If the change is about who is served by what; without an `after`, the live version serves all."""
    live = dict.fromkeys(list(read_shares(change.before))[:1], 100.0) if change.after is None else {}
    shares = change.shares or live
    if not shares:
        return []
    try:
        return Emitter(load_settings().lineage).emit(serve(SERVICE, MODEL, shares, change.what))
    except StackError as error:
        return [f"lineage is not complete: {error}"]
