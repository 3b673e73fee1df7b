"""`data/generated`: what whence.yaml makes of rules, dashboards and settings; git never sees it.

It is laid out as in the checkout, which holds the defaults: the stack runs by the one or the other.
"""

import shutil
from pathlib import Path

from config import Config, ConfigError
from stack import DATA, ROOT, StackError

FOLDER = DATA / "generated"


def in_use() -> Path:
    """The folder by whose generated files the stack runs."""
    return FOLDER if _is_ours() else ROOT


def update(config: Config) -> bool:
    """Brings the folder up to whence.yaml, or takes it away where there is none; whether it is there.

    Raises StackError with a line for each mistake; then everything is as it was.
    """
    if config.is_default:
        if _is_ours():
            shutil.rmtree(FOLDER)
        return False
    from generation.builds import (
        build_all,
        write_all,
    )  # a second of imports, which other commands need not wait for

    try:
        made = build_all(config)
    except ConfigError:
        raise
    except ValueError as error:
        raise StackError(str(error)) from None
    write_all(FOLDER, made)
    return True


def describe(config: Config) -> str:
    """What `update` would change in the files the stack runs by, by panel, rule and receiver."""
    from generation.builds import build_all
    from generation.changes import describe_changes

    return describe_changes(in_use(), build_all(config))


def _is_ours() -> bool:
    """A data folder that was named may have somebody else's folder of that name."""
    return (FOLDER / "containers" / "generated" / "services.env").is_file()
