"""A whence.yaml of the tests' own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MINE = """
mail:
  server: smtp.example.org:587
  sender: whence@example.org
  username: whence
  password: ${SMTP_PASSWORD}
repeat_interval: 2h
mute_times:
  - {name: nights, days: [monday, tuesday], hours: [{from: "22:00", to: "24:00"}], timezone: Europe/Zurich}
  - {name: weekends, days: [saturday, sunday]}
receivers:
  - {name: on-call, type: email, to: [a@example.org, b@example.org], severities: [critical]}
  - {name: chat, type: slack, url: "${SLACK_URL}", channel: "#ops", mute_times: [nights, weekends]}
  - {name: ticket, type: webhook, url: "https://tickets.example.org/new", token: "${TICKET_TOKEN}"}
  - {name: hidden, type: webhook, url: "${HIDDEN_URL}", send_resolved: false}
"""
VARIABLES = ("SMTP_PASSWORD", "SLACK_URL", "TICKET_TOKEN", "HIDDEN_URL")


@contextmanager
def choose(text: str, folder: Path) -> Iterator[None]:
    """As long as the context lasts, `config.load()` gives what `text` says."""
    file = folder / "whence.yaml"
    file.write_text(text)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WHENCE_CONFIG", str(file))
        for name in VARIABLES:
            environment.setenv(name, "a secret")
        yield
