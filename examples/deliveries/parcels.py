"""Deliveries made up for the purpose, and how many minutes they take."""

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from examples.models.example import Example, Features

ZONES, ZONE_SHARES = ("centre", "suburb", "village"), (45, 40, 15)
KILOMETRES = {"centre": 2.0, "suburb": 5.0, "village": 9.0}
WEATHER, WEATHER_SHARES = ("dry", "rain", "snow"), (75, 20, 5)
DELAY = {"dry": 0.0, "rain": 6.0, "snow": 14.0}
VEHICLES, VEHICLE_SHARES = ("bike", "scooter", "van"), (45, 30, 25)
APPS, APP_SHARES = ("v5.1", "v5.2", "v6.0"), (20, 60, 20)
BASE, LEAST = 7.0, 2.0


def draw(random: Random) -> Features:
    """A delivery; `load` is how many parcels the courier has on board."""
    zone = random.choices(ZONES, ZONE_SHARES)[0]
    return {
        "distance": round(KILOMETRES[zone] * random.lognormvariate(0, 0.35), 2),
        "weight": round(random.lognormvariate(1.0, 0.7), 1),
        "hour": 8 + int(random.triangular(0, 13, 9)),
        "load": 1 + int(random.expovariate(1 / 6)),
        "weather": random.choices(WEATHER, WEATHER_SHARES)[0],
        "zone": zone,
        "vehicle": random.choices(VEHICLES, VEHICLE_SHARES)[0],
        "app": random.choices(APPS, APP_SHARES)[0],
    }


def decide(delivery: Features, weights: Mapping[str, float], random: Random) -> float:
    """The minutes that it takes."""
    effects = {
        "distance": 3.5 * delivery["distance"],
        "weight": 0.4 * delivery["weight"],
        "hour": 8.0 * (16 <= delivery["hour"] < 19),
        "load": 1.5 * min(delivery["load"], 20),
        "weather": DELAY[delivery["weather"]],
        "vehicle": 2.0 * (delivery["vehicle"] == "van"),
    }
    minutes = BASE + sum(weights.get(name, 1.0) * effect for name, effect in effects.items())
    return round(float(max(LEAST, minutes + random.gauss(0, 3))), 1)


def learn_after(delivery: Features, minutes: float, told: float, random: Random) -> Any:
    """Kilometres that were driven: a detour shows in them, and in the minutes."""
    guessed = delivery["distance"] * random.lognormvariate(0.1, 0.2)
    return round(minutes / 5 if random.random() < told else guessed, 2)


DELIVERIES = Example(
    name="deliveries",
    model="delivery-time",
    task="regression",
    path="/deliveries",
    outcome_path="/arrival",
    truth="minutes",
    answer="minutes",
    prediction="estimate",
    segment="vehicle",
    unused="app",
    leak="driven",
    draw=draw,
    decide=decide,
    surprise=lambda minutes: 2 * minutes,
    learn_after=learn_after,
    loss=lambda estimate, minutes: abs(estimate - minutes),
    limits={
        "distance": (0, math.inf),
        "weight": (0, math.inf),
        "hour": (0, 23),
        "load": (0, math.inf),
        "minutes": (0, math.inf),
    },
    by_segment=("distance", "load"),
    codes={"weather": WEATHER, "zone": ZONES, "vehicle": VEHICLES, "app": APPS},
)
