"""Ports and choices of the stack, from `.env` and the environment, and the variables its processes get."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from config import Config, read_secrets, service_environment
from decisions.lineage.emission import Address, LineageSettings
from grafana.mail import mail_environment
from prometheus.needs import Need
from services.incidents.access.settings import AccessSettings
from stack import AUDIT_FILE, BEHAVIOUR_FILE, DATA, FLAGS_FILE, LINEAGE_FILE, ROOT, RUN, StackError
from stack.generated import in_use
from stack.running import compose, engine
from stack.running.modes import Mode, recall_mode
from stack.storage.choice import StorageChoice

HOST = "127.0.0.1"
UNPUBLISHED = (
    "jaeger_otlp_port",
    "jaeger_query_grpc_port",
    "jaeger_health_port",
    "jaeger_metrics_port",
    "ingest_port",
)
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(StorageChoice, AccessSettings):
    """What a user may set in `.env`; see `.env.example`. Ports are TCP ports on 127.0.0.1."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True)

    mode: Literal["", "processes", "containers"] = ""

    recommender_port: Port = 8000
    incidents_port: Port = 8010
    grafana_port: Port = 3000
    prometheus_port: Port = 9090
    alertmanager_port: Port = 9093
    jaeger_port: Port = 16686
    jaeger_otlp_port: Port = 14317
    jaeger_query_grpc_port: Port = 16685
    jaeger_health_port: Port = 13134
    jaeger_metrics_port: Port = 8889
    otlp_grpc_port: Port = 4317
    otlp_http_port: Port = 4318
    ingest_port: Port = 4319
    collector_health_port: Port = 13133
    collector_metrics_port: Port = 8888
    minio_port: Port = 9000
    storage_proxy_port: Port = 9100
    toxiproxy_port: Port = 8474

    traffic_rate: Annotated[float, Field(gt=0, le=1000)] = 20
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    dataset: str = ""
    dataset_skip_bad_rows: Literal["false", "true"] = "false"
    otel_traces_sampler: str = "parentbased_always_on"
    otel_traces_sampler_arg: str = ""
    series_per_service: Annotated[int, Field(ge=1)] = 10_000
    scale: Literal["", "1"] = ""
    scale_network: Annotated[str, Field(pattern=r"^127(\.\d{1,3}){2}$")] = "127.0.16"
    scale_subnet: Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){2}$")] = "172.30.16"
    traces_kept_percent: Annotated[float, Field(ge=0, le=100)] = 20
    prometheus_retention_size: Annotated[
        str, Field(pattern=r"^\d+(\.\d+)?([KMGTPE]i?)?B$", examples=["2GB"])
    ] = "2GB"
    prometheus_retention_time: Annotated[
        str, Field(pattern=r"^(\d+(ms|[smhdwy]))+$", examples=["30d", "12h"])
    ] = "30d"
    jaeger_retention: Annotated[str, Field(pattern=r"^(\d+(\.\d+)?[smh])+$", examples=["48h", "90m"])] = "48h"
    incidents_database: str = ""
    incidents_database_password: Annotated[str, Field(repr=False)] = ""
    openlineage_url: Address = ""
    openlineage_api_key: str = ""
    incidents_token: Annotated[str, Field(repr=False)] = ""
    alerting: Literal["prometheus", "grafana"] = "prometheus"
    grafana_bin: str = ""
    grafana_homepath: str = ""

    recommender_memory: str = "176m"
    recommender_cpus: str = "1"

    services_image: str = "whence/services:0.1.0"
    python_image: str = "python:3.13.16-slim-trixie"
    minio_image: str = "whence/minio:2026-02-12"
    golang_image: str = "golang:1.26.8-alpine3.24"
    alpine_image: str = "alpine:3.24.2"
    toxiproxy_image: str = "ghcr.io/shopify/toxiproxy:2.12.0"
    prometheus_image: str = "prom/prometheus:v3.15.0"
    alertmanager_image: str = "prom/alertmanager:v0.31.1"
    jaeger_image: str = "jaegertracing/jaeger:2.13.0"
    collector_image: str = "otel/opentelemetry-collector-contrib:0.161.0"
    grafana_image: str = "grafana/grafana:12.3.3"
    kafka_image: str = "apache/kafka:4.3.1"
    cassandra_image: str = "cassandra:5.0.6"
    thanos_image: str = "quay.io/thanos/thanos:v0.42.5"
    postgresql_image: str = "postgres:17.11-alpine"
    haproxy_image: str = "haproxy:3.2.22-alpine"

    @property
    def ports(self) -> dict[str, int]:
        """Port by variable name, Grafana's only when a Grafana runs."""
        ports = {name: value for name, value in self.model_dump().items() if name.endswith("_port")}
        if self.external_storage:
            del ports["minio_port"]
        return ports if self.grafana else {k: v for k, v in ports.items() if k != "grafana_port"}

    @property
    def has(self) -> frozenset[Need]:
        """Of what not every stack has, what this one does, whatever runs on it."""
        own = {Need.KAFKA: bool(self.scale), Need.OBJECT_STORAGE: not self.external_storage}
        return frozenset(need for need, there in own.items() if there)

    @property
    def lineage(self) -> LineageSettings:
        """Where OpenLineage events go."""
        return LineageSettings(
            lineage_file=LINEAGE_FILE,
            openlineage_url=self.openlineage_url,
            openlineage_api_key=SecretStr(self.openlineage_api_key),
        )

    @property
    def incidents_places(self) -> dict[str, str]:
        """Variables that say where the incidents and their access trail are, and the database's password."""
        folder, password = DATA / "incidents", self.incidents_database_password
        places = {
            "INCIDENTS_DATABASE": self.incidents_database or str(folder / "incidents.db"),
            "ACCESS_FILE": str(folder / "access.jsonl"),
        }
        return places | ({"PGPASSWORD": password} if password else {})

    @property
    def grafana(self) -> Path | None:
        """The installed Grafana server to run, if there is one."""
        found = shutil.which(self.grafana_bin or "grafana")
        if self.grafana_bin and not found:
            raise StackError(f"GRAFANA_BIN={self.grafana_bin} is not an executable: correct or unset it")
        return Path(found) if found else None

    @property
    def grafana_home(self) -> Path:
        """Grafana's home: GRAFANA_HOMEPATH, or the folder its `bin/` is in."""
        if self.grafana_homepath:
            return Path(self.grafana_homepath)
        binary = self.grafana
        assert binary is not None
        home = binary.resolve().parent.parent
        return home if (home / "conf").is_dir() else Path("/usr/share/grafana")

    @property
    def storage_url(self) -> str:
        """Where the services find their bucket: behind the proxy, unless that is impossible."""
        return self.url("storage_proxy") if self.storage_proxied else self.storage_endpoint

    @property
    def storage_upstream(self) -> str:
        """Where the proxy leads to, `host:port`."""
        return self.external_upstream if self.external_storage else f"{HOST}:{self.minio_port}"

    def url(self, component: str) -> str:
        """Address of a component, e.g. `url("prometheus")` → `http://127.0.0.1:9090`."""
        return f"http://{HOST}:{getattr(self, f'{component}_port')}"


class ContainerSettings(Settings):
    """The same in containers: Grafana is always there, and evaluates the alerts by default."""

    alerting: Literal["prometheus", "grafana"] = "grafana"

    @property
    def ports(self) -> dict[str, int]:
        """The ports docker-compose.yml publishes; containers have the others to themselves."""
        return {name: port for name, port in super().ports.items() if name not in UNPUBLISHED}

    @property
    def grafana(self) -> Path | None:
        """Something, unless the compose file is used without Grafana."""
        return (
            Path("/usr/share/grafana") if "grafana" in compose.ask("config", "--services").split() else None
        )


class DistributedSettings(ContainerSettings):
    """The same of the distributed stack, whose rulers evaluate the alerts."""

    scale: Literal["", "1"] = "1"
    alerting: Literal["prometheus", "grafana"] = "prometheus"


def load_settings(mode: Mode | None = None) -> Settings:
    """Settings from `.env` and the environment, for the mode given, wanted or last used.

    Raises StackError naming the variable that is wrong.
    """
    try:
        settings = Settings()
        if (mode or settings.mode or recall_mode()) == "containers":
            _require_engine()
            distributed = settings.scale or compose.is_distributed()
            settings = DistributedSettings() if distributed else ContainerSettings()
    except ValidationError as error:
        raise StackError(_explain(error)) from None
    except UnicodeDecodeError:
        raise StackError(".env is not text in UTF-8: save it as UTF-8") from None
    seen: dict[int, str] = {}
    for name, port in settings.ports.items():
        if port in seen:
            raise StackError(f"{name.upper()} and {seen[port].upper()} are both {port}: change one of them")
        seen[port] = name
    _check_choices(settings)
    return settings


def _explain(invalid: ValidationError) -> str:
    first = invalid.errors()[0]
    name = str(first["loc"][0])
    examples, said = Settings.model_fields[name].examples, first["msg"].removeprefix("Value error, ")
    advice = f"write it like {' or '.join(examples)}" if examples else said
    return f"{name.upper()}={first['input']!r} in .env or the environment: {advice}"


def _check_choices(settings: Settings) -> None:
    """Raises StackError for settings that do not go together."""
    if problem := settings.find_problem(settings.incidents_address):
        raise StackError(problem)
    if settings.dataset:
        _require_ratings(settings.dataset)
    if settings.external_storage and not (settings.storage_access_key and settings.storage_secret_key):
        raise StackError("STORAGE_ENDPOINT needs STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY: set them in .env")
    if settings.scale and settings.alerting == "grafana":
        raise StackError("ALERTING=grafana: with SCALE=1 the rulers evaluate the alerts: unset one of them")
    if settings.alerting == "grafana" and not settings.grafana:
        raise StackError(
            "ALERTING=grafana needs an installed Grafana: set GRAFANA_BIN or use ALERTING=prometheus"
        )


def _require_ratings(folder: str) -> None:
    from services.demo.dataset import DatasetError, find_ratings  # NumPy loads slowly

    try:
        find_ratings(Path(folder).expanduser())
    except DatasetError as error:
        raise StackError(f"DATASET: {error}") from None
    except (OSError, RuntimeError) as error:
        raise StackError(f"DATASET={folder[:80]} is no path of a folder: {error!s:.80}") from None


def _require_engine() -> None:
    if problem := engine.find_problem():
        raise StackError(f"no containers: {problem}: fix that, or use MODE=processes")


def process_environment(settings: Settings, credentials: dict[str, str], config: Config) -> dict[str, str]:
    """Every variable the processes of process-compose.yaml and their configuration files use."""
    dataset = str(Path(settings.dataset).expanduser().resolve()) if settings.dataset else ""
    chosen = {name.upper(): str(value) for name, value in settings.model_dump().items()}
    chosen |= settings.choose_keys(credentials) | service_environment(config) | settings.incidents_places
    chosen |= {
        "BIND_HOST": HOST,
        "DATA_DIR": str(DATA),
        "RUN_DIR": str(RUN),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
        "DATASET": dataset,
        "PATH": f"{RUN / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PROMETHEUS_URL": settings.url("prometheus"),
        "INGEST_URL": settings.url("ingest"),
        "JAEGER_URL": settings.url("jaeger"),
        "JAEGER_OTLP_ENDPOINT": f"{HOST}:{settings.jaeger_otlp_port}",
        "JAEGER_DATA_DIR": str(DATA / "jaeger"),
        "COLLECTOR_QUEUE_DIR": str(DATA / "collector"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": settings.url("otlp_http"),
        "STORAGE_URL": settings.storage_url,
        "STORAGE_EXTERNAL": str(settings.external_storage).lower(),
        "RECOMMENDER_URL": settings.url("recommender"),
        "FLAGS_FILE": str(FLAGS_FILE),
        "AUDIT_FILE": str(AUDIT_FILE),
        "RELEASE_FILE": str(AUDIT_FILE.with_name("release.json")),
        "LINEAGE_FILE": str(LINEAGE_FILE),
        "OPENLINEAGE_URL": settings.openlineage_url,
        "OPENLINEAGE_API_KEY": settings.openlineage_api_key,
        "RECOMMENDER_SHARED_DIR": str(RUN / "recommender"),
        "TRAFFIC_BEHAVIOUR": str(BEHAVIOUR_FILE),
        "FEATURES_READY_FILE": str(RUN / "features.ready"),
        "RUNBOOKS": str(in_use() / "alerts" / "generated" / "runbooks"),
        "INCIDENTS_WEBHOOK_URL": f"{settings.url('incidents')}/webhooks/alerts",
        "INCIDENTS_URL": config.urls.incidents if "incidents" in config.urls.model_fields_set else "",
        "GRAFANA_DISABLED": "false" if settings.grafana else "true",
        "RETRAINING_DISABLED": str(not config.retraining.automatic).lower(),
    }
    chosen |= _grafana_environment(settings, credentials, config) if settings.grafana else {"GRAFANA_URL": ""}
    return {
        **os.environ,
        **{k: v for k, v in chosen.items() if v or k in ("GRAFANA_BIN", "GRAFANA_HOMEPATH")},
    }


def _grafana_environment(settings: Settings, credentials: dict[str, str], config: Config) -> dict[str, str]:
    grafana, address = DATA / "grafana", config.urls.grafana or settings.url("grafana")
    return {
        **read_secrets(config),
        **mail_environment(config.mail, read_secrets(config)),
        "GRAFANA_BIN": str(settings.grafana),
        "GRAFANA_HOMEPATH": str(settings.grafana_home),
        "GRAFANA_URL": address,
        "WHENCE_DASHBOARDS": str(in_use() / "grafana" / "generated"),
        "GF_PATHS_PROVISIONING": str(RUN / "grafana" / "provisioning"),
        "GF_PATHS_DATA": str(grafana),
        "GF_PATHS_LOGS": str(grafana / "log"),
        "GF_PATHS_PLUGINS": str(grafana / "plugins"),
        "GF_LOG_MODE": "console",
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(settings.grafana_port),
        "GF_SERVER_ROOT_URL": address,
        "GF_SECURITY_ADMIN_PASSWORD": credentials["GRAFANA_ADMIN_PASSWORD"],
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_USERS_DEFAULT_LANGUAGE": "en-US",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",
        "GF_UNIFIED_ALERTING_EXECUTE_ALERTS": str(settings.alerting == "grafana").lower(),
    }
