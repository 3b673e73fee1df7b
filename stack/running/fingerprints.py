"""What a running stack was started with, to tell what has been changed since.

As processes: whence.yaml, the commit and each setting, noted in `data/run`. In containers compose compares
all but the content of mounted files and the secrets that `prepare` hands out: a label follows these.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config import Config, read_secrets
from stack import DATA, ROOT, RUN, generated
from stack.credentials import share_keys
from stack.running.container_secrets import CHOSEN, READERS
from stack.settings import Settings

FILE = RUN / "started.json"
LABEL = "whence.configuration"


def note_start(settings: Settings, config: Config) -> None:
    """Notes what the processes are started with; only the user can read it."""
    with os.fdopen(os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(_describe(settings, config), out)


def find_changes(settings: Settings, config: Config) -> list[str]:
    """The names of what differs from what was noted: whence.yaml, the checkout, variables of settings."""
    if not FILE.exists():  # an older checkout notes nothing
        return ["the checkout"]
    started = json.loads(FILE.read_text())
    return [name for name, now in _describe(settings, config).items() if started.get(name) != now]


def label_containers(model: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """A compose file with a label for each service of `model`, the output of `docker compose config`."""
    read = {
        name: [*_read_configuration(service), *_choose_secrets(service, settings)]
        for name, service in model["services"].items()
    }
    return {"services": {name: {"labels": {LABEL: _digest(*parts)}} for name, parts in read.items() if parts}}


def _describe(settings: Settings, config: Config) -> dict[str, str]:
    """Digests by name. The mode is none of them: MODE=processes is how this stack runs anyway."""
    chosen = settings.model_dump(exclude={"mode"})
    mine = [config.model_dump_json(), *read_secrets(config).values()]
    return {
        "whence.yaml": _digest(*(part.encode() for part in mine)),
        "the checkout": _find_commit(),
        **{name.upper(): _digest(str(value).encode()) for name, value in chosen.items()},
    }


def _read_configuration(service: Mapping[str, Any]) -> Iterator[bytes]:
    """Names and contents of mounted files, of the checkout or written by `make up`; data is left out."""
    for mount in service.get("volumes", ()):
        source = Path(mount.get("source", ""))
        if mount["type"] == "bind" and _is_configuration(source):
            for file in [source] if source.is_file() else sorted(source.rglob("*")):
                if file.is_file():
                    yield str(file.relative_to(source)).encode()
                    yield file.read_bytes()


def _is_configuration(path: Path) -> bool:
    inside = path.resolve().is_relative_to
    of_checkout = inside(ROOT) and not inside(DATA.resolve())
    return of_checkout or inside(generated.FOLDER.resolve()) or inside(RUN.resolve())


def _choose_secrets(service: Mapping[str, Any], settings: Settings) -> Iterator[bytes]:
    """Digests, slow to guess from, of the secrets in `.env` that the service's group may read."""
    chosen = {name: getattr(settings, name.lower()) for name in CHOSEN}
    if settings.external_storage:
        chosen = share_keys(chosen, settings.storage_access_key, settings.storage_secret_key)
    for reader in READERS:
        if str(reader.group) in service.get("group_add", ()):
            secrets = [chosen[source] for source in reader.variables.values() if chosen.get(source)]
            yield from (hashlib.scrypt(s.encode(), salt=LABEL.encode(), n=2**14, r=8, p=1) for s in secrets)


def _find_commit() -> str:
    """Empty where there is no git."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
