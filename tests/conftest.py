"""For all tests: the configuration is the default one, whatever this checkout's `whence.yaml` says."""

import os

os.environ["WHENCE_CONFIG"] = os.devnull
