"""Which version answers whom: a flag file in flagd's format, written by hand or by `make rollout`."""

from services.demo.flags.flag import FLAG_KEY, Flag, FlagError
from services.demo.flags.replacement import replace_file
from services.demo.flags.rollout import clear_rollout, read_rollout, write_rollout
from services.demo.flags.settings import FlagSettings
from services.demo.flags.shadow import Shadow, clear_shadow, read_shadow, write_shadow

__all__ = [
    "FLAG_KEY",
    "Flag",
    "FlagError",
    "FlagSettings",
    "Shadow",
    "clear_rollout",
    "clear_shadow",
    "read_rollout",
    "read_shadow",
    "replace_file",
    "write_rollout",
    "write_shadow",
]
