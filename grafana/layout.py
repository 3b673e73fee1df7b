"""Places panels on Grafana's grid of 24 columns: left to right, line by line, never over each other."""

from collections.abc import Sequence
from typing import Any

COLUMNS = 24


def arrange(panels: Sequence[Any]) -> None:
    """Sets `gridPos.x` and `gridPos.y` of each panel from its width and height, in the order given."""
    x = y = line_height = 0
    for panel in panels:
        position = panel.gridPos
        if x + position.w > COLUMNS:
            x, y, line_height = 0, y + line_height, 0
        position.x, position.y = x, y
        x += position.w
        line_height = max(line_height, position.h)
