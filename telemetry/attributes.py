"""Attribute keys, by their OpenTelemetry name where a semantic convention exists."""

SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"
SERVICE_INSTANCE_ID = "service.instance.id"
DEPLOYMENT_ENVIRONMENT = "deployment.environment.name"

MODEL_VERSION = "model.version"
DATASET_ID = "dataset.id"
TRAINED_AT = "trained_at"
STORAGE_LATENCY_MS = "storage_latency_ms"
MODEL_PREDICTION = "model_prediction"

RECOMMENDATION_SOURCE = "recommendation.source"
RECOMMENDATION_REASON = "recommendation.reason"
USER_SEGMENT = "user.segment"
USER_GROUP = "user.group"

RECOMMENDATION_ITEMS = "recommendation.items"
SHADOW_MODEL_VERSION = "shadow.model.version"
SHADOW_ITEMS = "shadow.items"
SHADOW_AGREEMENT = "shadow.agreement"
SHADOW_RANK_BIASED_OVERLAP = "shadow.rank_biased_overlap"
SHADOW_DIFFERENCE = "shadow.difference"

FEATURE_FLAG_KEY = "feature_flag.key"
FEATURE_FLAG_PROVIDER_NAME = "feature_flag.provider.name"
FEATURE_FLAG_RESULT_VARIANT = "feature_flag.result.variant"
FEATURE_FLAG_RESULT_REASON = "feature_flag.result.reason"

SOURCE = "source"
REASON = "reason"
SEGMENT = "segment"
EVENT = "event"
STAGE = "stage"
FEATURE = "feature"
KIND = "kind"
ALERT = "alert"
SEVERITY = "severity"
DOMAIN = "domain"
CAUSE = "cause"
DIRECTION = "direction"
OPERATION = "operation"
OUTCOME = "outcome"
POOL = "pool"
SENDER = "sender"
SENDER_INSTANCE = "sender.instance"
METRIC = "metric"
ATTRIBUTE = "attribute"
SHORTENED = "whence.shortened"
"""What the collector sets on a span with more attributes than Jaeger stores."""
ERROR_TYPE = "error.type"

HTTP_REQUEST_METHOD = "http.request.method"
HTTP_RESPONSE_STATUS_CODE = "http.response.status_code"
HTTP_ROUTE = "http.route"
URL_PATH = "url.path"
URL_SCHEME = "url.scheme"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"

RPC_SYSTEM = "rpc.system"
RPC_SERVICE = "rpc.service"
RPC_METHOD = "rpc.method"
AWS_S3_BUCKET = "aws.s3.bucket"
AWS_REQUEST_ID = "aws.request_id"

PEER_SERVICE = "peer.service"
DB_SYSTEM_NAME = "db.system.name"
MESSAGING_SYSTEM = "messaging.system"
GEN_AI_PROVIDER_NAME = "gen_ai.provider.name"
GEN_AI_REQUEST_MODEL = "gen_ai.request.model"
GEN_AI_TOKEN_TYPE = "gen_ai.token.type"

PEER = (
    PEER_SERVICE,
    SERVER_ADDRESS,
    SERVER_PORT,
    DB_SYSTEM_NAME,
    MESSAGING_SYSTEM,
    RPC_SERVICE,
    GEN_AI_PROVIDER_NAME,
)
"""What tells whom a span of a kind that calls has called."""

RESOURCE_ATTRIBUTES_PROMOTED = (SERVICE_NAME, SERVICE_VERSION, SERVICE_INSTANCE_ID)
"""Resource attributes that become labels of every series in Prometheus."""
