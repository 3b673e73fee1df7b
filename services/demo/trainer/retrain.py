"""`python -m services.demo.trainer.retrain`: a version that learned from feedback, and its report as JSON.

RETRAIN_SINCE and RETRAIN_UNTIL are moments with a zone, such as 2026-11-29T12:00:00+00:00.
"""

import json

from botocore.exceptions import ClientError
from pydantic import AwareDatetime
from pydantic_settings import BaseSettings

from decisions.lineage.emission import Emitter, LineageSettings
from services.configuration import load_settings
from services.demo.dataset import DatasetError, DatasetSettings, find_folder
from services.demo.storage.client import make_client
from services.demo.storage.errors import advise
from services.demo.storage.patience import StorageAway, describe
from services.demo.storage.settings import StorageSettings
from services.demo.trainer.__main__ import CONNECT_TIMEOUT, READ_TIMEOUT
from services.demo.trainer.lineage import Lineage
from services.demo.trainer.publication import WORKERS, Publication
from services.demo.trainer.retraining import retrain
from services.demo.trainer.settings import TrainerSettings
from services.logs import configure_logging


class RetrainSettings(BaseSettings):
    """Which feedback counts."""

    retrain_since: AwareDatetime
    retrain_until: AwareDatetime


def main() -> None:
    """Exit status 1 with one line on standard error if data or storage fail."""
    configure_logging("trainer")
    source, period = load_settings(DatasetSettings), load_settings(RetrainSettings)
    storage, k = load_settings(StorageSettings), load_settings(TrainerSettings).k
    client = make_client(
        storage, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, max_pool=WORKERS
    )
    since, until = period.retrain_since.timestamp(), period.retrain_until.timestamp()
    try:
        publication = Publication(client, storage.bucket)
        lineage = Lineage(Emitter(load_settings(LineageSettings)), publication, storage.bucket)
        folder, skip = find_folder(source), source.skip_bad_rows
        report = retrain(folder, publication, since, until, k, skip, source.columns, lineage.record)
    except (DatasetError, StorageAway) as failure:
        raise SystemExit(f"trainer: {failure}") from None
    except ClientError as refused:
        raise SystemExit(f"trainer: object storage refused: {describe(refused)}; {advise(refused)}") from None
    print(json.dumps(report.describe()))


if __name__ == "__main__":
    main()
