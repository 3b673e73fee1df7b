"""Invented movie titles and genres."""

import numpy as np

GENRES = (
    "Backwater",
    "Caper",
    "Campfire",
    "Clockwork",
    "Courtly",
    "Deadpan",
    "Deep Sea",
    "Dream",
    "Frontier",
    "Ghost",
    "Heist",
    "Kitchen",
    "Long Road",
    "Machine",
    "Mountain",
    "Orbit",
    "Small Town",
    "Trial",
)
_FIRST = (
    "Amber Ashen Blue Borrowed Broken Brass Burning Crooked Distant Empty Eleventh Faded Final "
    "Forgotten Frozen Gilded Hidden Hollow Idle Iron Last Lonely Midnight Narrow Northern Paper Patient "
    "Quiet Restless Salt Second Silver Sleeping Slow Stolen Sunken Tall Velvet Wandering Winter"
).split()
_SECOND = (
    "Almanac Archive Balcony Bridge Cartographer Cathedral Clockmaker Compass Corridor Courier Echo "
    "Ferry Garden Gardener Harbour Harvest Horizon Inheritance Island Lantern Letter Lighthouse "
    "Locksmith Meridian Mirror Monsoon Orchard Orchestra Parade Passenger Pilot Quarry Railway "
    "Reservoir Signal Staircase Telescope Tide Translator Violin"
).split()


def make_titles(rng: np.random.Generator, count: int) -> list[str]:
    """Draw `count` different titles with a year, at most 1,600, in the form `Quiet Harbour (1987)`."""
    pairs = rng.permutation(len(_FIRST) * len(_SECOND))[:count]
    years = rng.integers(1950, 2025, count)
    return [
        f"{_FIRST[pair // len(_SECOND)]} {_SECOND[pair % len(_SECOND)]} ({year})"
        for pair, year in zip(pairs, years, strict=True)
    ]
