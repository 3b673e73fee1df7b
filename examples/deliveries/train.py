"""`python -m examples.deliveries.train`: the versions of the delivery-time model, each with its reference."""

from examples.deliveries.parcels import DELIVERIES
from examples.models.training import train_all

if __name__ == "__main__":
    train_all(DELIVERIES)
