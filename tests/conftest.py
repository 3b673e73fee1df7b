"""For all tests: the configuration is the default one, whatever this checkout's `whence.yaml` says."""

import os

os.environ["WHENCE_CONFIG"] = os.devnull
for library in ("OMP", "OPENBLAS"):  # several test processes share the machine's cores
    os.environ[f"{library}_NUM_THREADS"] = "1"
