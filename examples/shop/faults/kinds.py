"""The kinds of injection that a catalogue may name."""

from collections.abc import Callable

from examples.shop.faults.catalogue import Fault, Severity
from examples.shop.faults.injections import (
    Cut,
    Flawed,
    Injection,
    Leak,
    Lock,
    Release,
    Rights,
    Toxic,
)
from examples.shop.faults.outside import CacheCommands, Statements
from examples.shop.faults.supervised import Kill, Pause, Restart
from examples.shop.run.settings import Shop

KINDS: dict[str, Callable[..., Injection]] = {
    "toxic": Toxic,
    "cut": Cut,
    "lock": Lock,
    "rights": Rights,
    "defects": Flawed,
    "leak": Leak,
    "restart": Restart,
    "release": Release,
    "nothing": Injection,
    "statements": Statements,
    "cache-commands": CacheCommands,
    "pause": Pause,
    "kill": Kill,
}


def prepare(shop: Shop, fault: Fault, severity: Severity) -> Injection:
    """The injection of a fault at a severity; nothing is done yet."""
    return KINDS[fault.inject["kind"]](shop, fault.name, **fault.parameters(severity))
