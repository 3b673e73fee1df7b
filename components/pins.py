"""What is built: one frozen row per component. Its folder's go.mod and go.sum pin all it depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
MINIMUM_GO = (1, 26)
COLLECTOR_MANIFEST = FOLDER.parent / "collector" / "builder.yaml"


@dataclass(frozen=True)
class Component:
    """A third-party program as a pinned Go module.

    `binaries` are (name, Go package) pairs, `stamps` (Go variable, value) pairs set at link time, `seconds`
    the cold build measured on two cores, download included. With a `manifest`, the main package is generated
    by the OpenTelemetry Collector's builder.
    """

    name: str
    title: str
    release: str
    module: str
    version: str
    binaries: tuple[tuple[str, str], ...]
    seconds: int
    tags: tuple[str, ...] = ()
    stamps: tuple[tuple[str, str], ...] = ()
    manifest: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder that holds the component's go.mod and go.sum."""
        return FOLDER / self.name

    @property
    def link_flags(self) -> str:
        """The value of `go build -ldflags`: no symbol tables, and the stamps."""
        return " ".join(["-s -w", *(f"-X {variable}={value}" for variable, value in self.stamps)])


COMPONENTS = (
    Component(
        name="minio",
        title="MinIO",
        release="2026-02-12",
        module="github.com/minio/minio",
        version="v0.0.0-20260212201848-7aac2a2c5b7c",
        binaries=(("minio", "github.com/minio/minio"),),
        seconds=175,
        stamps=(
            ("github.com/minio/minio/cmd.Version", "2026-02-12T20:18:48Z"),
            ("github.com/minio/minio/cmd.ReleaseTag", "DEVELOPMENT.2026-02-12T20-18-48Z"),
            ("github.com/minio/minio/cmd.CommitID", "7aac2a2c5b7c"),
            ("github.com/minio/minio/cmd.ShortCommitID", "7aac2a2c5b7c"),
            ("github.com/minio/minio/cmd.CopyrightYear", "2026"),
        ),
    ),
    Component(
        name="toxiproxy",
        title="Toxiproxy",
        release="2.12.0",
        module="github.com/Shopify/toxiproxy/v2",
        version="v2.12.0",
        binaries=(("toxiproxy-server", "github.com/Shopify/toxiproxy/v2/cmd/server"),),
        seconds=20,
        stamps=(("github.com/Shopify/toxiproxy/v2.Version", "2.12.0"),),
    ),
    Component(
        name="process-compose",
        title="process-compose",
        release="1.64.1",
        module="github.com/f1bonacc1/process-compose",
        version="v1.64.1",
        binaries=(("process-compose", "github.com/f1bonacc1/process-compose/src"),),
        seconds=28,
        stamps=(("github.com/f1bonacc1/process-compose/src/config.Version", "v1.64.1"),),
    ),
    Component(
        name="prometheus",
        title="Prometheus",
        release="3.15.0",
        module="github.com/prometheus/prometheus",
        version="v0.315.0",
        binaries=(
            ("prometheus", "github.com/prometheus/prometheus/cmd/prometheus"),
            ("promtool", "github.com/prometheus/prometheus/cmd/promtool"),
        ),
        seconds=185,
        tags=("netgo", "remove_all_sd"),
        stamps=(("github.com/prometheus/common/version.Version", "3.15.0"),),
    ),
    Component(
        name="collector",
        title="OpenTelemetry Collector",
        release="0.155.0",
        module="go.opentelemetry.io/collector/cmd/builder",
        version="v0.155.0",
        binaries=(("otelcol-whence", "."),),
        seconds=165,
        manifest=COLLECTOR_MANIFEST,
    ),
    Component(
        name="jaeger",
        title="Jaeger",
        release="2.13.0",
        module="github.com/jaegertracing/jaeger",
        version="v1.76.0",
        binaries=(("jaeger", "github.com/jaegertracing/jaeger/cmd/jaeger"),),
        seconds=280,
        stamps=(("github.com/jaegertracing/jaeger/internal/version.latestVersion", "v2.13.0"),),
    ),
    Component(
        name="alertmanager",
        title="Alertmanager",
        release="0.31.1",
        module="github.com/prometheus/alertmanager",
        version="v0.31.1",
        binaries=(
            ("alertmanager", "github.com/prometheus/alertmanager/cmd/alertmanager"),
            ("amtool", "github.com/prometheus/alertmanager/cmd/amtool"),
        ),
        seconds=70,
        stamps=(("github.com/prometheus/common/version.Version", "0.31.1"),),
    ),
    Component(
        name="toxiproxy-cli",
        title="Toxiproxy's client",
        release="2.12.0",
        module="github.com/Shopify/toxiproxy/v2",
        version="v2.12.0",
        binaries=(("toxiproxy-cli", "github.com/Shopify/toxiproxy/v2/cmd/cli"),),
        seconds=15,
    ),
    Component(
        name="docker-compose",
        title="docker compose",
        release="2.40.3",
        module="github.com/docker/compose/v2",
        version="v2.40.3",
        binaries=(("docker-compose", "github.com/docker/compose/v2/cmd"),),
        seconds=120,
        stamps=(("github.com/docker/compose/v2/internal.Version", "v2.40.3"),),
    ),
)


class UnknownComponent(LookupError):
    """No component or binary has this name."""


def select(names: Sequence[str]) -> tuple[Component, ...]:
    """The components meant by component or binary names, each once, in the table's order.

    Raises UnknownComponent with the known names when one is neither.
    """
    known = {alias: component for component in COMPONENTS for alias in _aliases(component)}
    for name in names:
        if name not in known:
            raise UnknownComponent(f"unknown component {name!r}: choose from {', '.join(sorted(known))}")
    chosen = {known[name].name for name in names}
    return tuple(component for component in COMPONENTS if component.name in chosen)


def _aliases(component: Component) -> set[str]:
    return {component.name, *(binary for binary, _ in component.binaries)}
