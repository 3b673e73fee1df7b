"""The package is imported from its sources: the project's environment need not have it installed.

pytest names test modules after their folders and so takes the folder `fastotel` for the package of that name.
"""

import importlib
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "src"), str(Path(__file__).parent)]
sys.modules.pop("fastotel", None)
importlib.import_module("fastotel")
