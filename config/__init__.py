"""`whence.yaml`: the one optional file that makes Whence yours, read, checked and told apart line by line."""

from config.errors import ConfigError
from config.loading import load, read_limits, read_secrets, reject
from config.model import Config
from config.receivers import Receiver

__all__ = ["Config", "ConfigError", "Receiver", "load", "read_limits", "read_secrets", "reject"]
