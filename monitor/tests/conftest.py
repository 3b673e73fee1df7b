"""The package is imported from its sources: the project's environment need not have it installed."""

import os
import sys
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path[:0] = [str(Path(__file__).parents[1] / "src"), str(Path(__file__).parent)]
