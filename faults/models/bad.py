"""A worse version is rolled out to a share of the users.

It is trained on the same ratings with so high a weight and so low regularisation that it overfits: all lists
are bad, and only quality metrics show it.
"""

from faults import Fault
from faults.models.published import EXCLUSIVE, publish, withdraw
from services.demo.trainer.parameters import Parameters

NAME = "bad-model"
SHARES = {"low": 0.1, "medium": 0.3, "high": 0.6}
PARAMETERS = Parameters(factors=32, alpha=1000.0, regularization=1e-6)


def inject(severity: str) -> str:
    """Trains, publishes and rolls the version out; a sentence saying so."""
    from services.demo.trainer.training import train_version  # ALS and SciPy load slowly

    version = publish(NAME, PARAMETERS, SHARES[severity], train_version)
    return f"{version}, a worse version, now serves {SHARES[severity]:.0%} of the users."


def mend() -> None:
    """Takes the roll-out back and the version away."""
    withdraw(NAME)


FAULT = Fault(
    name=NAME,
    domain="model",
    impact="some users get much worse personalised recommendations",
    inject=inject,
    mend=mend,
    exclusive=EXCLUSIVE,
)
