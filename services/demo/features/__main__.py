"""The service `features`: `python -m services.demo.features`."""

import signal
import time
from functools import partial
from pathlib import Path
from threading import Event

from services.configuration import load_settings
from services.demo.features.bucket import Bucket
from services.demo.features.job import Job
from services.demo.features.settings import FeaturesSettings
from services.demo.flags import FlagSettings
from services.demo.flags.file import FlagFile, ShadowFile
from services.demo.storage.settings import StorageSettings
from services.logs import configure_logging

POLL_SECONDS = 2.0
SUMMARY_SECONDS = 60.0


def main() -> None:
    """Write features until SIGTERM or SIGINT."""
    configure_logging("features")
    settings = load_settings(FeaturesSettings)
    connect = partial(Bucket, load_settings(StorageSettings))
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    flags = load_settings(FlagSettings)
    job = Job(connect, FlagFile(flags.file), ShadowFile(flags.shadow_file), settings.interval)
    run(job, settings.ready_file, stopping)


def run(job: Job, ready_file: Path | None, stopping: Event) -> None:
    """Follow what is in use every 2 s, and say so in `ready_file`, until `stopping`."""
    if ready_file:
        ready_file.unlink(missing_ok=True)
    summarised = time.monotonic()
    while not stopping.is_set():
        job.follow()
        if ready_file and job.ready:
            ready_file.parent.mkdir(parents=True, exist_ok=True)
            ready_file.touch()
        if time.monotonic() - summarised >= SUMMARY_SECONDS:
            summarised = time.monotonic()
            job.summarise()
        stopping.wait(POLL_SECONDS)
    job.stop()


if __name__ == "__main__":
    main()
