"""The commands behind the Makefile: start, stop, look at and verify the stack."""

import os
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / (os.environ.get("WHENCE_DATA") or dotenv_values(ROOT / ".env").get("WHENCE_DATA") or "data")
"""WHENCE_DATA, from the environment or `.env`; nothing in it is nothing said."""
RUN = DATA / "run"
FLAGS_FILE = DATA / "flags" / "flags.json"
"""Which version answers whom; the services read it, in containers as well."""
BEHAVIOUR_FILE = DATA / "traffic" / "behaviour.json"
"""How the simulated users behave, where that is not as usual."""


class StackError(Exception):
    """A failure the user can act on: one line saying what is wrong and what to do."""
