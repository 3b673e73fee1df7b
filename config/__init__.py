"""`whence.yaml`: the one optional file that makes Whence yours, read, checked and told apart line by line."""

from config.errors import ConfigError
from config.loading import load, read_secrets, reject
from config.model import Alert, Config, Storage
from config.objectives import BurnRate, Objectives, Service, Watched
from config.receivers import Receiver

__all__ = [
    "Alert",
    "BurnRate",
    "Config",
    "ConfigError",
    "Objectives",
    "Receiver",
    "Service",
    "Storage",
    "Watched",
    "load",
    "read_secrets",
    "reject",
]
