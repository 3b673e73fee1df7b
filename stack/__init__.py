"""The commands behind the Makefile: start, stop, look at and verify the stack."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent


def choose_data(environment: Mapping[str, str], env_file: Path) -> Path:
    """WHENCE_DATA of the environment, else of the file, else `data`; an empty value counts as unset."""
    named = environment.get("WHENCE_DATA") or dotenv_values(env_file).get("WHENCE_DATA") or "data"
    return ROOT / Path(named).expanduser()


DATA = choose_data(os.environ, ROOT / ".env")
RUN = DATA / "run"
FLAGS_FILE = DATA / "flags" / "flags.json"
"""Which version serves which users; the services read it, in containers, too."""
AUDIT_FILE = DATA / "decisions" / "audit.jsonl"
"""Who changed what about models, when and why."""
LINEAGE_FILE = DATA / "decisions" / "lineage.jsonl"
"""What versions were made of and whom they serve, as OpenLineage events."""
SHADOW_FILE = FLAGS_FILE.with_name("shadow.json")
"""Which version answers in the shadow."""
BEHAVIOUR_FILE = DATA / "traffic" / "behaviour.json"
"""How the simulated users behave while it differs from usual."""


class StackError(Exception):
    """A failure the user can act on: one line saying what is wrong and what to do."""


def describe_refusal(error: PermissionError) -> str:
    """One line about a file that this user may not access."""
    return f"no permission for {error.filename or 'a file'}: change its owner (root's, from containers?)"
