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

SOURCE = "source"
REASON = "reason"
SEGMENT = "segment"
STAGE = "stage"
FEATURE = "feature"
DIRECTION = "direction"
OPERATION = "operation"
OUTCOME = "outcome"
ERROR_TYPE = "error.type"

HTTP_REQUEST_METHOD = "http.request.method"
HTTP_RESPONSE_STATUS_CODE = "http.response.status_code"
HTTP_ROUTE = "http.route"
URL_PATH = "url.path"
URL_SCHEME = "url.scheme"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
NETWORK_PROTOCOL_VERSION = "network.protocol.version"

RPC_SYSTEM = "rpc.system"
RPC_SERVICE = "rpc.service"
RPC_METHOD = "rpc.method"
AWS_S3_BUCKET = "aws.s3.bucket"
AWS_REQUEST_ID = "aws.request_id"

RESOURCE_ATTRIBUTES_PROMOTED = (SERVICE_NAME, SERVICE_VERSION, SERVICE_INSTANCE_ID)
"""Resource attributes that become labels of every series in Prometheus."""
