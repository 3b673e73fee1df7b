"""The simulated users' behaviour file (services/demo/traffic/behaviour.py), changed by faults that share it.

Each change is good for a few seconds and renewed while its fault lasts, so that users behave as usual again
soon after whoever renews it is gone.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stack import BEHAVIOUR_FILE

GOOD_FOR = 20.0


def change(name: str, value: Any) -> None:
    """Sets one field of the file, for GOOD_FOR seconds."""
    with _locked():
        _write({**_read(), name: value, "until": time.time() + GOOD_FOR})


def find(name: str, usual: float) -> float:
    """A field's number as it is now, `usual` where the file does not say."""
    with _locked():
        return float(_read().get(name, usual))


def restore(name: str) -> None:
    """Takes one field out of the file, and the file away with the last one."""
    with _locked():
        left = _read()
        left.pop(name, None)
        if left.keys() <= {"until"}:
            BEHAVIOUR_FILE.unlink(missing_ok=True)
        else:
            _write(left)


@contextmanager
def _locked() -> Iterator[None]:
    BEHAVIOUR_FILE.parent.mkdir(parents=True, exist_ok=True)
    with BEHAVIOUR_FILE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read() -> dict[str, Any]:
    """What the file says and is still good."""
    try:
        found = json.loads(BEHAVIOUR_FILE.read_text())
        return dict(found) if found["until"] > time.time() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(content: dict[str, Any]) -> None:
    partial = BEHAVIOUR_FILE.with_suffix(".partial")
    partial.write_text(json.dumps(content))
    os.replace(partial, BEHAVIOUR_FILE)
