"""Every cause that the diagnosis knows. A new one is one more entry here and its test."""

from diagnosis.packs.recommender.hypotheses.infrastructure import INFRASTRUCTURE
from diagnosis.packs.recommender.hypotheses.model_and_data import MODEL_AND_DATA
from diagnosis.packs.recommender.hypotheses.storage_refusals import STORAGE_REFUSALS

HYPOTHESES = (*INFRASTRUCTURE, *STORAGE_REFUSALS, *MODEL_AND_DATA)

CAUSES = tuple(hypothesis.cause for hypothesis in HYPOTHESES)
"""The names of the causes, as the verdict gives them."""
