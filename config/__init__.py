"""`whence.yaml`: the one optional file that makes Whence yours, read, checked and told apart line by line."""

from config.errors import ConfigError
from config.loading import load, read_secrets
from config.model import Config
from config.receivers import Receiver
from config.services import service_environment

__all__ = ["Config", "ConfigError", "Receiver", "load", "read_secrets", "service_environment"]
