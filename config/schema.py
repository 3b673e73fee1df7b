"""The schema with which editors complete and check `whence.yaml` while it is written."""

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from config.model import Config


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def describe(alerts: Sequence[str]) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of `whence.yaml`; `alerts` are the names its `alerts` may hold."""
    schema = Config.model_json_schema(by_alias=True, schema_generator=_Untitled)
    schema["title"] = "whence.yaml"
    schema["properties"]["alerts"]["propertyNames"] = {"enum": list(alerts)}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}
