"""Every pack. A new one is one more entry."""

from diagnosis.packs.llm.pack import LLM
from diagnosis.packs.models.pack import MODELS
from diagnosis.packs.recommender.pack import RECOMMENDER

PACKS = (RECOMMENDER,)
"""Those that take the place of the topology."""

ADDITIONS = (LLM, MODELS)
"""Those that add to it."""
