"""Every span a recommendation makes, and its place in the tree."""

from dataclasses import dataclass

from telemetry import attributes as a


@dataclass(frozen=True)
class Span:
    """One span: its `kind`, the name of its parent (None for a root), the attributes it always carries."""

    name: str
    kind: str
    parent: str | None
    attributes: tuple[str, ...] = ()


SERVER = Span(
    "GET /recommendations/{user_id}",
    "server",
    None,
    (a.HTTP_REQUEST_METHOD, a.HTTP_ROUTE, a.HTTP_RESPONSE_STATUS_CODE, a.URL_PATH, a.URL_SCHEME),
)
PIPELINE = Span(
    "ai_inference_pipeline",
    "internal",
    SERVER.name,
    (
        a.STORAGE_LATENCY_MS,
        a.MODEL_PREDICTION,
        a.MODEL_VERSION,
        a.DATASET_ID,
        a.RECOMMENDATION_SOURCE,
        a.RECOMMENDATION_REASON,
        a.USER_SEGMENT,
        a.FEATURE_FLAG_KEY,
        a.FEATURE_FLAG_PROVIDER_NAME,
        a.FEATURE_FLAG_RESULT_VARIANT,
        a.FEATURE_FLAG_RESULT_REASON,
    ),
)
LOAD_FEATURES = Span("load_features", "internal", PIPELINE.name)
S3_GET_OBJECT = Span(
    "S3/GetObject",
    "client",
    LOAD_FEATURES.name,
    (a.RPC_SYSTEM, a.RPC_SERVICE, a.RPC_METHOD, a.AWS_S3_BUCKET, a.SERVER_ADDRESS, a.SERVER_PORT),
)
SCORE = Span("score", "internal", PIPELINE.name)
RANK = Span("rank", "internal", PIPELINE.name)

SHADOW_ANSWER = Span(
    "shadow_answer",
    "internal",
    PIPELINE.name,
    (
        a.MODEL_VERSION,
        a.SHADOW_MODEL_VERSION,
        a.RECOMMENDATION_ITEMS,
        a.SHADOW_ITEMS,
        a.SHADOW_AGREEMENT,
        a.SHADOW_RANK_BIASED_OVERLAP,
        a.SHADOW_DIFFERENCE,
        a.USER_SEGMENT,
    ),
)
"""Of requests that a version in the shadow answered too, after the user had the answer."""

SPANS: tuple[Span, ...] = (SERVER, PIPELINE, LOAD_FEATURES, S3_GET_OBJECT, SCORE, RANK)
"""Those that each recommendation makes."""
