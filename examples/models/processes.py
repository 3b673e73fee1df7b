"""The two examples as plain processes."""

import os
import sys
from pathlib import Path

from examples.models.settings import FOLDER, Models
from examples.shop.run.settings import ROOT
from examples.shop.run.supervisor import Supervisor


class Processes(Supervisor):
    """Services with their models, and who calls them."""

    def __init__(self, models: Models) -> None:
        super().__init__(FOLDER / "process-compose.yaml", models.data, models.ports, "make models")
        self._models = models

    def start(self) -> None:
        """Returns when all are healthy; raises ExampleError with the end of the log at fault."""
        if self.is_running():
            return
        self.require_ports()
        models, programs = self._models, Path(sys.executable).parent
        self.bring_up(
            {
                **models.ports.as_variables(),
                "MODELS_DATA": str(models.data),
                "MODELS_OTLP": models.otlp,
                "PYTHON": sys.executable,
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
                "MALLOC_ARENA_MAX": "2",
                "OMP_NUM_THREADS": "1",
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            }
        )
