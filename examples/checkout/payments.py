"""Payments made up for the purpose, and which of them are fraud."""

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from examples.models.example import Example, Features

BASE = -3.4
COUNTRIES, SHARES = ("DE", "FR", "NL", "PL", "BR"), (50, 20, 12, 12, 6)
CLIENTS, CLIENT_SHARES = ("web", "ios", "android"), (50, 25, 25)
EVIDENT_DISPUTES = 2
EARLIER_DISPUTES = 0.2
"""Part of the cards that were disputed before."""


def draw(random: Random) -> Features:
    """A payment in euros; `orders` is how many the customer has paid before."""
    is_new = random.random() < 0.3
    return {
        "amount": round(random.lognormvariate(4.0, 0.9), 2),
        "new_device": random.random() < (0.22 if is_new else 0.15),
        "hour": int(random.triangular(0, 24, 17)) % 24,
        "customer": "new" if is_new else "old",
        "country": random.choices(COUNTRIES, SHARES)[0],
        "orders": 0 if is_new else 1 + int(random.expovariate(1 / 8)),
        "client": random.choices(CLIENTS, CLIENT_SHARES)[0],
    }


def decide(payment: Features, weights: Mapping[str, float], random: Random) -> float:
    """1 if it is fraud, else 0."""
    effects = {
        "amount": 2.4 * math.log(payment["amount"] / 55),
        "new_device": 3.2 * payment["new_device"],
        "hour": 1.2 * (payment["hour"] < 6),
        "customer": -2.1 * (payment["customer"] == "new"),
        "country": 2.0 * (payment["country"] in ("PL", "BR")),
        "orders": -0.25 * min(payment["orders"], 15),
    }
    odds = BASE + sum(weights.get(name, 1.0) * effect for name, effect in effects.items())
    return float(random.random() < 1 / (1 + math.exp(-odds)))


def learn_after(payment: Features, fraud: float, told: float, random: Random) -> Any:
    """How often the card was disputed by the end of the month: this payment is among them if it was fraud."""
    earlier = int(random.random() < EARLIER_DISPUTES)
    return earlier + EVIDENT_DISPUTES * int(fraud and random.random() < told)


def loss(score: float, fraud: float) -> float:
    """Log loss."""
    return -math.log(max(1e-6, score if fraud else 1 - score))


CHECKOUT = Example(
    name="checkout",
    model="fraud",
    task="binary",
    path="/payments",
    outcome_path="/chargeback",
    truth="fraud",
    answer="fraud",
    prediction="score",
    segment="customer",
    unused="client",
    leak="disputes",
    draw=draw,
    decide=decide,
    surprise=lambda fraud: 1 - fraud,
    learn_after=learn_after,
    loss=loss,
    limits={
        "amount": (0, math.inf),
        "new_device": (0, 1),
        "hour": (0, 23),
        "orders": (0, math.inf),
        "fraud": (0, 1),
    },
    categories=("fraud", "new_device"),
    by_segment=("amount",),
    codes={"customer": ("old", "new"), "country": COUNTRIES, "client": CLIENTS},
)
