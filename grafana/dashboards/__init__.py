"""The dashboards, one file each; a file in this folder with a `build(config)` is a dashboard."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from config import Config


def build_all(config: Config) -> dict[str, dict[str, Any]]:
    """The JSON content of every dashboard by its file name."""
    names = sorted(module.name for module in iter_modules(__path__))
    contents = [import_module(f"{__name__}.{name}").build(config) for name in names]
    return {f"{content['uid']}.json": content for content in contents}
