"""`python -m examples.checkout.train`: the versions of the fraud model, each with its reference."""

from examples.checkout.payments import CHECKOUT
from examples.models.training import train_all

if __name__ == "__main__":
    train_all(CHECKOUT)
