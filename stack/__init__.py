"""The commands behind the Makefile: start, stop, look at and verify the stack."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("WHENCE_DATA", ROOT / "data")).absolute()
RUN = DATA / "run"
FLAGS_FILE = DATA / "flags" / "flags.json"
"""Which version answers whom; the services read it, in containers as well."""
BEHAVIOUR_FILE = DATA / "traffic" / "behaviour.json"
"""How the simulated users behave, where that is not as usual."""


class StackError(Exception):
    """A failure the user can act on: one line saying what is wrong and what to do."""
