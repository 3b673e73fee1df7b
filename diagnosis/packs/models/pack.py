"""The pack as the engine knows it."""

from diagnosis.packs.models.engine import examine_models
from diagnosis.packs.models.queries import ask_models, present_models
from diagnosis.topology.addition import Addition, Asked
from diagnosis.topology.queries import Batch
from prometheus import queries as q


def ask(asked: Asked) -> Batch:
    """About the services that watch a model; nothing where none does."""
    watched = (row.labels for row in asked.present.rows("served") if "model_name" in row.labels)
    services = {labels["service_name"] for labels in watched} & {each.name for each in asked.scope.services}
    return ask_models(asked.seconds, q.one_of("service_name", sorted(services))) if services else {}


MODELS = Addition(ask, present_models, examine=examine_models)
