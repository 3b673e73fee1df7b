"""How flag files are written: as a whole, so that no reader sees half of one."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes | None) -> None:
    """Give a file another content, or remove it where that is None. Raises OSError."""
    if content is None:
        return path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
