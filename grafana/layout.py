"""Places panels on Grafana's grid of 24 columns: left to right, line by line, never over each other."""

from collections.abc import Sequence
from typing import Any

COLUMNS = 24

WINDOW = 1280
"""The narrowest window, in pixels, in which no title is cut; Grafana's menu is closed."""

MARGINS, GAP, BESIDE_TITLE, ICON, CHARACTER = 32, 8, 88, 32, 7.5
"""Pixels beside all panels, between two, around a title with its ⓘ, of an icon more, of a character.

As measured in Grafana 12.4: 1,500 pixels wide, a panel of 3 columns shows 11 characters.
"""


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


def title_room(width: int, alerts: bool = False) -> int:
    """Characters of its title that a panel shows in a window of 1,280 pixels; `alerts` adds their heart."""
    pixels = width * (WINDOW - MARGINS) / COLUMNS - GAP - BESIDE_TITLE - alerts * ICON
    return int(pixels / CHARACTER)
