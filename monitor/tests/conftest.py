"""Property tests have no deadline: they share the machine's cores with other tests."""

import os

from hypothesis import settings

os.environ["OPENBLAS_NUM_THREADS"] = "1"
settings.register_profile("monitor", deadline=None)
settings.load_profile("monitor")
