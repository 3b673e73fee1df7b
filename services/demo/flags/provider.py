"""OpenFeature's provider for the flag, evaluated in this process."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata

from services.demo.flags.flag import FLAG_KEY, Flag

PROVIDER_NAME = "file"


class FileProvider(AbstractProvider):
    """Answers with `flag`, which the owner sets as the file changes; without one, with the default value."""

    def __init__(self, flag: Flag | None = None) -> None:
        super().__init__()
        self.flag = flag

    def get_metadata(self) -> Metadata:
        return Metadata(PROVIDER_NAME)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """The version for the user that the context's targeting key names."""
        flag = self.flag
        if flag is None or flag_key != FLAG_KEY:
            return FlagResolutionDetails(default_value, reason=Reason.DEFAULT)
        user = evaluation_context.targeting_key if evaluation_context else None
        variant = flag.choose(user) if user else flag.default
        reason = Reason.SPLIT if user and flag.ends else Reason.STATIC
        return FlagResolutionDetails(flag.variants[variant], reason=reason, variant=variant)

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        _refuse(flag_key)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        _refuse(flag_key)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        _refuse(flag_key)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Any]:
        _refuse(flag_key)


def _refuse(flag_key: str) -> NoReturn:
    raise TypeMismatchError(f"flag {flag_key} is a string")
