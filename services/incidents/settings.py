"""What can be set from the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from diagnosis.packs.recommender.limits import Limits
from services.incidents.access.settings import AccessSettings
from services.incidents.database.location import Location

Address = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/]+"),
    AfterValidator(lambda address: address.rstrip("/")),
]

SECRET_LENGTH = 32
"""Characters that nobody guesses."""


class Places(BaseSettings):
    """Where this service keeps its data."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    incidents_database: Location = "data/incidents/incidents.db"
    """A file; or postgresql://user@host:port/database, which several replicas may share."""
    access_file: Path = Path("data/incidents/access.jsonl")
    """Who logged in and who called for a change; of this replica alone."""


class Settings(Places, AccessSettings):
    """Each field is read from the environment variable of the same name in capitals.

    `prometheus_url` and `jaeger_url` are where this service asks; the `_ui_url` ones are where a browser
    finds their pages. Without those, links lead to the raw answers of the APIs.
    """

    webhook_token: Annotated[SecretStr, Field(min_length=8)]
    session_secret: SecretStr = SecretStr("")
    """Signs the sessions of those who log in."""
    bind_host: str = "127.0.0.1"
    incidents_address: Literal["", "127.0.0.1", "0.0.0.0"] = ""
    """Where this is published, if that is not where it listens: of a container, say."""
    incidents_port: Annotated[int, Field(ge=0, le=65_535)] = 8010
    incidents_kept: Annotated[int, Field(ge=1)] = 10_000
    prometheus_url: Address = "http://127.0.0.1:9090"
    jaeger_url: Address = "http://127.0.0.1:16686"
    incidents_url: Address | None = None
    """Where people reach this service, if that is not its own port on this machine."""
    grafana_url: Address | None = None
    prometheus_ui_url: Address | None = None
    jaeger_ui_url: Address | None = None
    audit_file: Path = Path("data/decisions/audit.jsonl")
    lineage_file: Path = Path("data/decisions/lineage.jsonl")
    """Who changed what about models, and OpenLineage events; both may be missing."""
    commands_lineage_file: Path | None = None
    """More events: those of commands, where they cannot write into the trainer's file, as in containers."""
    release_file: Path = Path("data/decisions/release.json")
    """The state of the release that is under way or was the last one; may be missing."""
    runbooks: Path = Path("alerts/generated/runbooks")
    heartbeat_timeout: Annotated[float, Field(gt=0)] = 180
    """Seconds without a heartbeat after which alerting is silent: three times the alert's repeat interval."""
    recommender_storage_deadline: Annotated[float, Field(gt=0)] = 0.25
    """Seconds; this and the next are the variables that the recommender reads."""
    recommender_attribution_window: Annotated[float, Field(gt=0)] = 15.0
    recommender_latency_limit: Annotated[float, Field(gt=0)] = 0.3
    """Seconds from which a request of the recommender is slow."""

    @property
    def page(self) -> str:
        """The address of this service in links that leave it."""
        return self.incidents_url or f"http://127.0.0.1:{self.incidents_port}"

    def find_trouble(self) -> str:
        """Why this service must not start so, in one line; empty if it may."""
        if problem := self.find_problem(self.incidents_address or self.bind_host):
            return problem
        if not self.incidents_login:
            return ""
        short = [
            name.upper()
            for name in ("webhook_token", "session_secret")
            if len(getattr(self, name).get_secret_value()) < SECRET_LENGTH
        ]
        return f"with a login, {' and '.join(short)} need {SECRET_LENGTH} characters" if short else ""

    @property
    def limits(self) -> Limits:
        """What a diagnosis goes by."""
        return Limits(
            latency=self.recommender_latency_limit,
            storage_deadline=self.recommender_storage_deadline,
            attribution_window=self.recommender_attribution_window,
        )

    @property
    def deadline_ms(self) -> int:
        """The storage deadline in milliseconds."""
        return round(self.recommender_storage_deadline * 1000)
