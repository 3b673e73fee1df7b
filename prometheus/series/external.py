"""Series that others make: the collector, Jaeger, Prometheus, Alertmanager, MinIO, OpenTelemetry's libraries.

Names are as the pinned versions write them: `make verify` shows a renamed one as a panel without data.
"""

from prometheus.series import Form, Series

_SCRAPED = {"job", "instance", "component"}
_RESOURCE = {"job", "instance", "service_name", "service_version", "service_instance_id"}


def _counter(name: str, *labels: str) -> Series:
    return Series(name, Form.COUNTER, frozenset(_SCRAPED.union(labels)))


def _gauge(name: str, *labels: str) -> Series:
    return Series(name, Form.GAUGE, frozenset(_SCRAPED.union(labels)))


def _resource_counter(name: str, *labels: str) -> Series:
    return Series(name, Form.COUNTER, frozenset(_RESOURCE.union(labels)))


def _resource_gauge(name: str, *labels: str) -> Series:
    return Series(name, Form.GAUGE, frozenset(_RESOURCE.union(labels)))


def _resource_histogram(name: str, *labels: str) -> Series:
    return Series(name, Form.NATIVE_HISTOGRAM, frozenset(_RESOURCE.union(labels)))


# Every scraped target
UP = _gauge("up")
SCRAPE_DURATION = _gauge("scrape_duration_seconds")

# The incidents service: services/incidents/web/exposition.py
INCIDENT_VERDICT = _gauge(
    "incident_verdict_confidence_ratio",
    *("incident", "severity", "domain", "cause", "entity", "service", "summary", "remedy", "alerts"),
)
DEPENDENCY_ADDRESS = _gauge("dependency_address_info", "address", "callee")

# Processes and machine: services/instrumentation/system.py
PROCESS_CPU_TIME = _resource_counter("process_cpu_time_seconds_total", "type")
PROCESS_MEMORY = _resource_gauge("process_memory_usage_bytes")
PROCESS_THREADS = _resource_gauge("process_thread_count")
PROCESS_UPTIME = _resource_gauge("process_uptime_seconds")
PROCESS_OPEN_FILES = _resource_gauge("process_open_file_descriptor_count")
# The same by the runtimes' own names: https://opentelemetry.io/docs/specs/semconv/runtime/
JVM_CPU_TIME = _resource_counter("jvm_cpu_time_seconds_total")
JVM_MEMORY = _resource_gauge("jvm_memory_used_after_last_gc_bytes", "jvm_memory_pool_name")
JVM_OPEN_FILES = _resource_gauge("jvm_file_descriptor_count")
JVM_OPEN_FILES_LIMIT = _resource_gauge("jvm_file_descriptor_limit")
DOTNET_CPU_TIME = _resource_counter("dotnet_process_cpu_time_seconds_total", "cpu_mode")
DOTNET_MEMORY = _resource_gauge("dotnet_process_memory_working_set_bytes")
GO_RUNTIME_MEMORY = _resource_gauge("go_memory_used_bytes", "go_memory_type")
NODE_LOOP_TIME = _resource_counter("nodejs_eventloop_time_seconds_total", "nodejs_eventloop_state")
NODE_LOOP_DELAY = _resource_gauge("nodejs_eventloop_delay_p99_seconds")
V8_MEMORY = _resource_gauge("v8js_heap_space_physical_size_bytes", "v8js_heap_space_name")
PROCESS_DESCRIPTORS = _resource_gauge("process_unix_file_descriptor_count")

SYSTEM_CPU = _resource_gauge("system_cpu_utilization_ratio", "cpu", "state")
SYSTEM_MEMORY = _resource_gauge("system_memory_usage_bytes", "state")
SYSTEM_MEMORY_SHARE = _resource_gauge("system_memory_utilization_ratio", "state")
SYSTEM_DISK_IO = _resource_counter("system_disk_io_bytes_total", "device", "direction")
SYSTEM_NETWORK_IO = _resource_counter("system_network_io_bytes_total", "device", "direction")
SYSTEM_FILE_SYSTEM = _resource_gauge("system_filesystem_usage_bytes", "system_filesystem_state")

# Pools: https://opentelemetry.io/docs/specs/semconv/database/database-metrics/, and earlier names
POOL_WAITING = _resource_gauge("db_client_connection_pending_requests", "db_client_connection_pool_name")
POOL_WAITING_BEFORE = _resource_gauge("db_client_connections_pending_requests", "pool_name")

# What telemetry says of itself: the SDK, and services/instrumentation/delivery.py
_SDK = ("otel_component_name", "otel_component_type", "error_type")
SDK_SPANS_PROCESSED = _resource_counter("otel_sdk_processor_span_processed_total", *_SDK)
SDK_SPANS_EXPORTED = _resource_counter("otel_sdk_exporter_span_exported_total", *_SDK)
SDK_POINTS_EXPORTED = _resource_counter("otel_sdk_exporter_metric_data_point_exported_total", *_SDK)

# Language models: https://github.com/open-telemetry/semantic-conventions-genai
_MODEL = (
    "gen_ai_operation_name",
    "gen_ai_provider_name",
    "gen_ai_request_model",
    "gen_ai_response_model",
    "server_address",
    "server_port",
)
GEN_AI_DURATION = _resource_histogram("gen_ai_client_operation_duration_seconds", *_MODEL, "error_type")
GEN_AI_TOKENS = _resource_histogram("gen_ai_client_token_usage", *_MODEL, "gen_ai_token_type")
GEN_AI_FIRST_CHUNK = _resource_histogram("gen_ai_client_operation_time_to_first_chunk_seconds", *_MODEL)
GEN_AI_FIRST_TOKEN = _resource_histogram("gen_ai_server_time_to_first_token_seconds", *_MODEL)

# The collector: https://opentelemetry.io/docs/collector/internal-telemetry/
COLLECTOR_SPANS_ACCEPTED = _counter("otelcol_receiver_accepted_spans", "receiver", "transport")
COLLECTOR_SPANS_REFUSED = _counter("otelcol_receiver_refused_spans", "receiver", "transport")
COLLECTOR_SPANS_SENT = _counter("otelcol_exporter_sent_spans", "exporter")
COLLECTOR_SPANS_FAILED = _counter("otelcol_exporter_send_failed_spans", "exporter")
COLLECTOR_SPANS_NOT_QUEUED = _counter("otelcol_exporter_enqueue_failed_spans", "exporter")
COLLECTOR_POINTS_ACCEPTED = _counter("otelcol_receiver_accepted_metric_points", "receiver", "transport")
COLLECTOR_POINTS_REFUSED = _counter("otelcol_receiver_refused_metric_points", "receiver", "transport")
COLLECTOR_POINTS_SENT = _counter("otelcol_exporter_sent_metric_points", "exporter")
COLLECTOR_POINTS_FAILED = _counter("otelcol_exporter_send_failed_metric_points", "exporter")
COLLECTOR_POINTS_NOT_QUEUED = _counter("otelcol_exporter_enqueue_failed_metric_points", "exporter")
COLLECTOR_QUEUE_SIZE = _gauge("otelcol_exporter_queue_size", "exporter", "data_type")
COLLECTOR_QUEUE_CAPACITY = _gauge("otelcol_exporter_queue_capacity", "exporter", "data_type")
KAFKA_WRITTEN = _counter("otelcol_kafka_exporter_bytes", "topic")
KAFKA_READ = _counter("otelcol_kafka_receiver_bytes", "topic")
COLLECTOR_CPU = _counter("otelcol_process_cpu_seconds")
COLLECTOR_MEMORY = _gauge("otelcol_process_memory_rss")
COLLECTOR_ALLOCATED = _counter("otelcol_process_runtime_total_alloc_bytes")

# Jaeger, itself built on the collector, writes the same with suffixes, and this one as it is
HEAP = _gauge("otelcol_process_runtime_heap_alloc_bytes")
JAEGER_SPANS_ACCEPTED = _counter("otelcol_receiver_accepted_spans_total", "receiver", "transport")
JAEGER_SPANS_REFUSED = _counter("otelcol_receiver_refused_spans_total", "receiver", "transport")
JAEGER_SPANS_STORED = _counter("otelcol_exporter_sent_spans_total", "exporter")
JAEGER_SPANS_FAILED = _counter("otelcol_exporter_send_failed_spans_total", "exporter")
JAEGER_CPU = _counter("otelcol_process_cpu_seconds_total")
JAEGER_MEMORY = _gauge("otelcol_process_memory_rss_bytes")
JAEGER_ALLOCATED = _counter("otelcol_process_runtime_total_alloc_bytes_total")

# Prometheus, Alertmanager, collections of MinIO too; services of any language that have a Prometheus client
GO_CPU = _counter("process_cpu_seconds_total", "service_name")
GO_MEMORY = _gauge("process_resident_memory_bytes", "service_name")
GO_COLLECTIONS = _counter("go_gc_duration_seconds_count")
GO_START = _gauge("process_start_time_seconds", "service_name")
GO_OPEN_FILES = _gauge("process_open_fds", "service_name")
GO_OPEN_FILES_LIMIT = _gauge("process_max_fds", "service_name")
PROMETHEUS_SAMPLES = _counter("prometheus_tsdb_head_samples_appended_total", "type")
PROMETHEUS_EXEMPLARS = _counter("prometheus_tsdb_exemplar_exemplars_appended_total")
PROMETHEUS_SERIES = _gauge("prometheus_tsdb_head_series")
PROMETHEUS_BLOCKS = _gauge("prometheus_tsdb_storage_blocks_bytes")
PROMETHEUS_WAL = _gauge("prometheus_tsdb_wal_storage_size_bytes")
PROMETHEUS_RETENTION = _gauge("prometheus_tsdb_retention_limit_bytes")
PROMETHEUS_REQUESTS = _counter("prometheus_http_requests_total", "handler", "code")
PROMETHEUS_TOO_OLD = _counter("prometheus_tsdb_too_old_samples_total", "type")
PROMETHEUS_RULES = _counter("prometheus_rule_evaluations_total", "rule_group")
PROMETHEUS_RULES_FAILED = _counter("prometheus_rule_evaluation_failures_total", "rule_group")
PROMETHEUS_NOTIFICATIONS_DROPPED = _counter("prometheus_notifications_dropped_total")
NOTIFICATIONS = _counter("alertmanager_notifications_total", "integration")
NOTIFICATIONS_FAILED = _counter("alertmanager_notifications_failed_total", "integration", "reason")

# MinIO: https://docs.min.io/community/minio-object-store/operations/monitoring/metrics-and-alerts.html
MINIO_REQUESTS = _counter("minio_s3_requests_total", "server", "api")
MINIO_CLIENT_ERRORS = _counter("minio_s3_requests_4xx_errors_total", "server", "api")
MINIO_SERVER_ERRORS = _counter("minio_s3_requests_5xx_errors_total", "server", "api")
MINIO_FIRST_BYTE_BUCKETS = _counter("minio_s3_requests_ttfb_seconds_distribution", "server", "api", "le")
MINIO_SENT = _counter("minio_s3_traffic_sent_bytes", "server")
MINIO_CAPACITY = _gauge("minio_cluster_capacity_usable_total_bytes", "server")
MINIO_FREE = _gauge("minio_cluster_capacity_usable_free_bytes", "server")
MINIO_CPU = _counter("minio_node_process_cpu_total_seconds", "server")
MINIO_MEMORY = _gauge("minio_node_process_resident_memory_bytes", "server")

# Alerts only
PROMETHEUS_OUT_OF_ORDER = _counter("prometheus_tsdb_out_of_order_samples_total", "type")
PROMETHEUS_OUT_OF_BOUNDS = _counter("prometheus_tsdb_out_of_bound_samples_total", "type")
PROMETHEUS_WAL_CORRUPTIONS = _counter("prometheus_tsdb_wal_corruptions_total")
PROMETHEUS_WAL_WRITES_FAILED = _counter("prometheus_tsdb_wal_writes_failed_total")
PROMETHEUS_RULES_MISSED = _counter("prometheus_rule_group_iterations_missed_total", "rule_group")
PROMETHEUS_NOTIFICATION_ERRORS = _counter("prometheus_notifications_errors_total", "alertmanager")
PROMETHEUS_CONFIGURED = _gauge("prometheus_config_last_reload_successful")

EXTERNAL: tuple[Series, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Series))
