"""The data set that the stack runs on."""

from dotenv import dotenv_values

from services.demo.dataset import Columns, DatasetSettings
from stack import DATA
from stack.generated import in_use
from stack.settings import load_settings


def dataset_settings() -> DatasetSettings:
    """The settings that the trainer has. Raises StackError for a wrong setting."""
    settings = load_settings()
    written = dotenv_values(in_use() / "containers" / "generated" / "services.env")
    named = {f"dataset_{role}": written.get(f"DATASET_{role.upper()}") or "" for role in Columns._fields}
    return DatasetSettings.model_validate(
        {
            "dataset": settings.dataset,
            "data_dir": DATA,
            "DATASET_SKIP_BAD_ROWS": settings.dataset_skip_bad_rows,
            **named,
        }
    )
