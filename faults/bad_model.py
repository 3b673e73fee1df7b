"""A really worse version is rolled out to a share of the users.

It is trained on the same ratings, with a weight on them so high, and regularisation so low, that it learns
them by heart: nobody's list is any good, and nothing but its quality tells.
"""

from faults import Fault
from faults.published import EXCLUSIVE, publish, withdraw
from services.demo.trainer.parameters import Parameters

NAME = "bad-model"
SHARES = {"low": 0.1, "medium": 0.3, "high": 0.6}
PARAMETERS = Parameters(factors=32, alpha=1000.0, regularization=1e-6)


def inject(severity: str) -> str:
    """Trains, publishes and rolls the version out; a sentence saying so."""
    from services.demo.trainer.training import train_version  # ALS and SciPy load slowly

    version = publish(NAME, PARAMETERS, SHARES[severity], train_version)
    return f"{version}, a worse version, now answers {SHARES[severity]:.0%} of the users."


def mend() -> None:
    """Takes the roll-out back and the version away."""
    withdraw(NAME)


FAULT = Fault(
    name=NAME,
    domain="model",
    felt="some users get personal answers that please far less",
    inject=inject,
    mend=mend,
    exclusive=EXCLUSIVE,
)
