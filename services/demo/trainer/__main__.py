"""The one-shot process `trainer`: `python -m services.demo.trainer [--skip-bad-rows]`."""

import argparse

from botocore.exceptions import ClientError

from decisions.lineage.emission import Emitter, LineageSettings
from services.configuration import load_settings
from services.demo.dataset import DatasetError, DatasetSettings, find_folder
from services.demo.storage.client import make_client
from services.demo.storage.errors import advise
from services.demo.storage.patience import StorageAway, describe
from services.demo.storage.settings import StorageSettings
from services.demo.trainer.lineage import Lineage
from services.demo.trainer.publication import WORKERS, Publication
from services.demo.trainer.run import run
from services.demo.trainer.settings import TrainerSettings
from services.logs import configure_logging

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 10.0


def main() -> None:
    """Run the trainer; exit status 1 with one line on standard error if data or storage fail."""
    parser = argparse.ArgumentParser(
        prog="services.demo.trainer", description="Train three versions, store them, make one live."
    )
    parser.add_argument(
        "--skip-bad-rows", action="store_true", help="leave malformed rows out and count them"
    )
    skip = parser.parse_args().skip_bad_rows
    configure_logging("trainer")
    source = load_settings(DatasetSettings)
    storage, k = load_settings(StorageSettings), load_settings(TrainerSettings).k
    client = make_client(
        storage, connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, max_pool=WORKERS
    )
    try:
        publication = Publication(client, storage.bucket)
        lineage = Lineage(Emitter(load_settings(LineageSettings)), publication, storage.bucket)
        folder, skip = find_folder(source), skip or source.skip_bad_rows
        run(folder, publication, skip, k, source.columns, lineage.record)
    except (DatasetError, StorageAway) as failure:
        raise SystemExit(f"trainer: {failure}") from None
    except ClientError as refused:
        raise SystemExit(f"trainer: object storage refused: {describe(refused)}; {advise(refused)}") from None


if __name__ == "__main__":
    main()
