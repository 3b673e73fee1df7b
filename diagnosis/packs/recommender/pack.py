"""The pack as the engine knows it."""

from diagnosis.packs.pack import Pack
from diagnosis.packs.recommender.collection import collect
from diagnosis.packs.recommender.engine import examine
from diagnosis.packs.recommender.queries import OF_ANYBODY, QUERIES
from telemetry.instruments import RECOMMENDATION_REQUESTS, SERVICES

RECOMMENDER = Pack(
    services=SERVICES,
    explains=frozenset({RECOMMENDATION_REQUESTS.service}),
    series=frozenset(QUERIES) - OF_ANYBODY,
    collect=collect,
    examine=examine,
)
