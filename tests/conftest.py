"""For all tests: the configuration is the default one, whatever this checkout's `whence.yaml` says.

Property tests have no deadline: they share the machine's cores with other tests.
"""

import os

from hypothesis import settings

os.environ["WHENCE_CONFIG"] = os.devnull
for library in ("OMP", "OPENBLAS"):  # several test processes share the machine's cores
    os.environ[f"{library}_NUM_THREADS"] = "1"
settings.register_profile("whence", deadline=None)
settings.load_profile("whence")
