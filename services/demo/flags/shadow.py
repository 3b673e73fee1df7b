"""Which version answers in the shadow, and how many requests: a file beside the flag file.

{"version": "als16-42d0c1", "share": 0.1}
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.demo.flags.flag import VERSION, FlagError
from services.demo.flags.replacement import replace_file


class Shadow(BaseModel):
    """A version that also answers a `share` (0–1) of the requests, unseen by users."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, Field(pattern=f"^{VERSION.pattern}$")]
    share: Annotated[float, Field(gt=0, le=1)]


def parse_shadow(text: str) -> Shadow:
    """The content of the file. Raises `FlagError`."""
    try:
        return Shadow.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise FlagError(f"not a shadow's file: {place + ': ' if place else ''}{first['msg']}") from error


def read_shadow(path: Path) -> Shadow | None:
    """What answers in the shadow; None where nothing does. Raises `FlagError` or OSError."""
    try:
        return parse_shadow(path.read_text())
    except FileNotFoundError:
        return None


def write_shadow(path: Path, version: str, share: float) -> None:
    """Let a version answer a share of the requests in the shadow from now on. Raises `FlagError`."""
    try:
        shadow = Shadow(version=version, share=share)
    except ValidationError as error:
        first = error.errors()[0]
        raise FlagError(f"{first['loc'][0]} {first['input']!r}: {first['msg']}") from error
    replace_file(path, f"{shadow.model_dump_json()}\n".encode())


def clear_shadow(path: Path) -> None:
    """Let no version answer in the shadow."""
    replace_file(path, None)
