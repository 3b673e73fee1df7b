"""Versions trained, published and rolled out on purpose, and taken back as if they had never been."""

import time
from collections.abc import Callable

import httpx

from faults import FaultError
from faults.backup import delete_backup, read_backup, save_backup
from faults.bucket import Bucket
from services.demo.dataset import Dataset, DatasetError, Ratings, find_folder, load, split
from services.demo.flags import FlagError, read_rollout, replace_file, write_rollout
from services.demo.storage.artefacts import features_key, materialised_key, model_key
from services.demo.trainer.parameters import Parameters
from services.demo.trainer.publication import Publication
from services.demo.trainer.settings import TrainerSettings
from stack import FLAGS_FILE
from stack.models.dataset import dataset_settings
from stack.settings import load_settings

EXCLUSIVE = "the flag file"
NOTICED = 30.0
"""Seconds by which the recommender follows the flag file; it looks every 5."""
LEFTOVERS = 60.0
"""Seconds by which the feature job has stopped to write for a version no longer in use."""

SETTLED = 2.5
"""Seconds without a new object after which none is to come."""

Train = Callable[[Dataset, Ratings, Ratings, Parameters, Publication, int], None]
"""Trains on (data set, training ratings, held-out ratings, parameters), measures lists of k, publishes."""


def publish(fault: str, parameters: Parameters, share: float, train: Train) -> str:
    """Trains and publishes a version and gives it a share (0–1) of all users; its name, once it answers."""
    bucket = Bucket()
    live = bucket.live_version()
    dataset = load_dataset(bucket.read_card(live).files_id)
    version = parameters.version(dataset.id)
    former = FLAGS_FILE.read_bytes() if FLAGS_FILE.exists() else b""
    save_backup(fault, {"version": version.encode(), "former": former})
    train(dataset, *split(dataset), parameters, Publication(bucket.store, bucket.name), TrainerSettings().k)
    try:
        shares = {
            name: part * (1 - share) for name, part in (read_rollout(FLAGS_FILE) or {live: 100}).items()
        }
        write_rollout(
            FLAGS_FILE, {name: part for name, part in shares.items() if part} | {version: 100 * share}
        )
    except (FlagError, OSError) as error:
        raise FaultError(f"{FLAGS_FILE} cannot be used: {error}") from None
    _await(
        lambda: _answers(version),
        NOTICED,
        f"the recommender did not load {version}: see its log",
    )
    return version


def withdraw(fault: str) -> None:
    """Brings the flag file back as it was, and deletes the version's objects."""
    kept = read_backup(fault)
    if not kept:
        return
    version = kept["version"].decode()
    if FLAGS_FILE.exists() and version in FLAGS_FILE.read_text():
        replace_file(FLAGS_FILE, kept["former"] or None)
    _await(
        lambda: not _answers(version),
        NOTICED,
        f"the recommender still uses {version}: see its log",
    )
    bucket = Bucket()
    _await(
        lambda: _delete(bucket, version),
        LEFTOVERS,
        f"the feature job still writes for {version}: see its log",
    )
    delete_backup(fault)


def _delete(bucket: Bucket, version: str) -> bool:
    """Deletes what there is of a version; whether there was nothing left, twice in a row."""
    prefixes = (
        model_key(version).removesuffix("model.npz"),
        features_key(version, 0).removesuffix("0.json"),
        materialised_key(version),
    )
    for _ in range(2):
        keys = [key for prefix in prefixes for key in bucket.list_keys(prefix)]
        if keys:
            bucket.delete(keys)
            return False
        time.sleep(SETTLED)
    return True


def _answers(version: str) -> bool:
    """Whether the recommender has the version in use; False when it does not answer."""
    try:
        address = load_settings().url("recommender")
        ready = httpx.get(f"{address}/readyz", timeout=10, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return False
    return version in (ready.get("versions") or [ready.get("model_version")])


def _await(reached: Callable[[], bool], seconds: float, otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise FaultError(otherwise)
        time.sleep(0.5)


def load_dataset(wanted: str) -> Dataset:
    """The data set of that id, which the stack was trained on."""
    source = dataset_settings()
    try:
        dataset = load(find_folder(source), source.skip_bad_rows, source.columns)
    except DatasetError as error:
        raise FaultError(str(error)) from None
    if dataset.id != wanted:
        raise FaultError(
            f"the stack was trained on data set {wanted}, not {dataset.id}: set DATASET= to the former"
        )
    return dataset
