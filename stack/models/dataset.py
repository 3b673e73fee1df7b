"""The data set that the stack runs on."""

from dotenv import dotenv_values
from pydantic import ValidationError

from services.demo.dataset import Columns, DatasetError, DatasetSettings, find_folder, identify
from services.demo.features.bucket import Bucket, BucketError
from services.demo.storage.artefacts import LIVE_KEY, LivePointer, ModelCard, card_key
from services.demo.trainer.parameters import LIVE
from stack import DATA
from stack.generated import in_use
from stack.running.current import in_containers
from stack.settings import load_settings
from stack.storage.bucket import find_storage


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


def find_waiting() -> str:
    """The version of the data set in use that waits for its release because one of another data set is live.

    Empty if none does, and if that cannot be known: in containers the generated data set is inside of one.
    """
    source = dataset_settings()
    if in_containers() and not source.dataset:
        return ""
    try:
        wanted = identify(find_folder(source), source.columns)
        return "" if _read_live_files() == wanted else LIVE.version(wanted)
    except (BucketError, DatasetError, ValidationError):
        return ""


def _read_live_files() -> str:
    """The id of the files that the live version was trained on. Raises BucketError or ValidationError."""
    bucket = Bucket(find_storage())
    try:
        live = LivePointer.model_validate_json(bucket.read(LIVE_KEY) or b"").version
        return ModelCard.model_validate_json(bucket.read(card_key(live)) or b"").files_id
    finally:
        bucket.close()
