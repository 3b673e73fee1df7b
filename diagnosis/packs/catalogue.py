"""Every pack. A new one is one more entry."""

from diagnosis.packs.recommender.pack import RECOMMENDER

PACKS = (RECOMMENDER,)
