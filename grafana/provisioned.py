"""The hand-written provisioning files as Grafana 12 reads them, checked before anything is generated."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, model_validator

from grafana.strict import FormatError, NonEmpty, Strict, Uid, parse, require_unique, texts, variables

FOLDER = Path(__file__).parent / "provisioning"
FOLDER_TITLE = "Whence"
PROMETHEUS = "prometheus"
JAEGER = "jaeger"
ENVIRONMENT = frozenset({"PROMETHEUS_URL", "JAEGER_URL", "WHENCE_DASHBOARDS"})
"""The only variables these files may use: an unset one becomes an empty string, without a word."""


class TraceDestination(Strict):
    """Where a trace id of an exemplar leads."""

    name: Literal["trace_id"]
    datasourceUid: Uid


class PrometheusData(Strict):
    """Options of the Prometheus data source."""

    httpMethod: Literal["POST"]
    prometheusType: Literal["Prometheus"]
    timeInterval: Annotated[str, Field(pattern=r"^\d+s$")]
    exemplarTraceIdDestinations: Annotated[list[TraceDestination], Field(min_length=1)]


class Enabled(Strict):
    """An option that is on or off."""

    enabled: bool


class MetricQuery(Strict):
    """One metric query offered on a span."""

    name: NonEmpty
    query: NonEmpty


class TracesToMetrics(Strict):
    """From a span to its metrics."""

    datasourceUid: Uid
    spanStartTimeShift: Annotated[str, Field(pattern=r"^-\d+m$")]
    spanEndTimeShift: Annotated[str, Field(pattern=r"^\d+m$")]
    queries: list[MetricQuery]


class JaegerData(Strict):
    """Options of the Jaeger data source."""

    nodeGraph: Enabled
    tracesToMetrics: TracesToMetrics


class _Source(Strict):
    name: NonEmpty
    uid: Uid
    access: Literal["proxy"]
    url: Annotated[str, Field(pattern=r"^\$[A-Z_]+$")]
    isDefault: bool
    editable: Literal[False]


class PrometheusSource(_Source):
    """The data source of every panel and alert."""

    type: Literal["prometheus"]
    jsonData: PrometheusData


class JaegerSource(_Source):
    """The data source of traces."""

    type: Literal["jaeger"]
    jsonData: JaegerData


class DataSources(Strict):
    """provisioning/datasources/*.yaml"""

    apiVersion: Literal[1]
    datasources: list[Annotated[PrometheusSource | JaegerSource, Field(discriminator="type")]]

    @model_validator(mode="after")
    def _check_references(self) -> "DataSources":
        uids = [source.uid for source in self.datasources]
        require_unique(uids, "data source uid")
        require_unique([source.name for source in self.datasources], "data source name")
        if [source.isDefault for source in self.datasources].count(True) != 1:
            raise ValueError("exactly one data source has to be the default")
        for source in self.datasources:
            for uid in _referenced(source):
                if uid not in uids:
                    raise ValueError(f"{source.name} refers to data source {uid!r}, which is not there")
        return self


class ProviderOptions(Strict):
    """Where a provider finds its dashboards."""

    path: Literal["$WHENCE_DASHBOARDS"]
    foldersFromFilesStructure: Literal[False]


class Provider(Strict):
    """A folder of dashboards on disk; below 30 s Grafana misses changes on some volumes."""

    name: NonEmpty
    orgId: Literal[1]
    folder: Literal["Whence"]
    folderUid: Literal["whence"]
    type: Literal["file"]
    disableDeletion: bool
    allowUiUpdates: Literal[False]
    updateIntervalSeconds: Annotated[int, Field(ge=30)]
    options: ProviderOptions


class Providers(Strict):
    """provisioning/dashboards/*.yaml"""

    apiVersion: Literal[1]
    providers: Annotated[list[Provider], Field(min_length=1)]


def check_provisioning(folder: Path = FOLDER) -> DataSources:
    """The data sources, once both files are found right. Raises FormatError."""
    parse(Providers, _read(folder / "dashboards" / "dashboards.yaml"), "dashboards.yaml")
    return parse(DataSources, _read(folder / "datasources" / "datasources.yaml"), "datasources.yaml")


def _read(file: Path) -> object:
    content = yaml.safe_load(file.read_text())
    for text in texts(content):
        for name in variables(text) - ENVIRONMENT:
            raise FormatError(
                f"{file.name}: ${name} is not set for Grafana; use one of {', '.join(sorted(ENVIRONMENT))}"
            )
    return content


def _referenced(source: PrometheusSource | JaegerSource) -> list[str]:
    if isinstance(source, JaegerSource):
        return [source.jsonData.tracesToMetrics.datasourceUid]
    return [destination.datasourceUid for destination in source.jsonData.exemplarTraceIdDestinations]
