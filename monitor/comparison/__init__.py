"""The monitor beside other packages, in an environment that has them: see requirements.in."""

import os
import sys
import warnings
from pathlib import Path

import numpy as np

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
warnings.filterwarnings("ignore")
vars(np)["unicode_"] = np.str_  # whylogs 1.6 asks for a name that NumPy 2 has no more
