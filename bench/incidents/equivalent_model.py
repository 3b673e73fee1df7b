"""`python -m bench.incidents.equivalent_model`: publishes a version as good as the live one.

Harmless roll-outs need one; the trainer's own candidate costs 7 points of hit rate with half the factors.
"""

from dataclasses import replace

from faults.bucket import Bucket
from services.demo.dataset import find_folder, load, split
from services.demo.trainer.parameters import LIVE
from services.demo.trainer.publication import Publication
from services.demo.trainer.settings import TrainerSettings
from stack.models.dataset import dataset_settings

EQUIVALENT = replace(LIVE, seed=LIVE.seed + 1)
"""The live version's parameters from another random start."""


def main() -> None:
    """Train on the stack's data set, and publish."""
    from services.demo.trainer.training import train_version  # ALS and SciPy load slowly

    source = dataset_settings()
    dataset = load(find_folder(source), source.skip_bad_rows, source.columns)
    bucket = Bucket()
    train_version(
        dataset, *split(dataset), EQUIVALENT, Publication(bucket.store, bucket.name), TrainerSettings().k
    )
    print(EQUIVALENT.version(dataset.id))


if __name__ == "__main__":
    main()
