"""The pack as the engine knows it."""

from diagnosis.packs.llm.causes import CAUSES
from diagnosis.packs.llm.signals import KIND, ask_llms
from diagnosis.topology.addition import Addition, Asked
from diagnosis.topology.queries import Batch


def ask(asked: Asked) -> Batch:
    """Nothing where no language model is called."""
    return ask_llms(*asked.where) if any(entity.kind == KIND for entity in asked.scope.entities) else {}


LLM = Addition(ask, causes={KIND: CAUSES})
