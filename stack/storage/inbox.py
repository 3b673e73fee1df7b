"""Where the incidents are, for commands that open their database instead of asking the inbox."""

import os

from stack.scale import starting as scale
from stack.settings import load_settings


def choose_environment() -> dict[str, str]:
    """The variables of a command on the incidents of the stack that was last started as processes."""
    settings = load_settings("processes")
    distributed = {"INCIDENTS_DATABASE": scale.locate_database(settings)} if scale.was_started() else {}
    return {**os.environ, **settings.incidents_places, **distributed}
