"""Several workers on one port: uvicorn starts them, and starts one anew that ends or gives no sign of life.

This process answers nothing itself, so it loads little and has no telemetry.
"""

from pathlib import Path
from typing import IO, Any

import uvicorn

from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.shared.places import FolderInUse, occupy
from services.logs import configure_logging

MAX_CONNECTIONS = 1_000
GRACE = 5
"""Seconds that requests under way get at shutdown."""

SIGN_OF_LIFE = 30
"""Seconds in which a worker has to give one; on a starved machine it takes long to start."""


def serve_workers(settings: RecommenderSettings) -> None:
    """Serve with `settings.workers` processes until SIGTERM or SIGINT; their common folder begins empty."""
    configure_logging("recommender")
    with occupy_folder(settings.shared_dir):
        uvicorn.run(
            "services.demo.recommender.serving:make_worker",
            factory=True,
            workers=settings.workers,
            timeout_worker_healthcheck=SIGN_OF_LIFE,
            **server_options(settings),
        )


def occupy_folder(folder: Path) -> IO[str]:
    """As `occupy`; ends the process with one line that says what is wrong."""
    try:
        return occupy(folder)
    except FolderInUse:
        raise SystemExit(
            f"{folder} is used by another recommender: set RECOMMENDER_SHARED_DIR to a folder of this one's"
        ) from None
    except OSError as error:
        raise SystemExit(f"RECOMMENDER_SHARED_DIR: {folder}: {error.strerror}") from None


def server_options(settings: RecommenderSettings) -> dict[str, Any]:
    """How uvicorn serves, with one worker or several."""
    return {
        "host": settings.bind_host,
        "port": settings.port,
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_config": None,
        "limit_concurrency": MAX_CONNECTIONS,
        "timeout_graceful_shutdown": GRACE,
    }
