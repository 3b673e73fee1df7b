"""`python -m bench.releases.versions better|worse`: stores a version for a live release; no user has it."""

from typing import Annotated

import numpy as np
import typer

from faults.bucket import Bucket
from faults.models.bad import PARAMETERS as WORSE
from faults.models.published import load_dataset
from services.demo.dataset import split
from services.demo.trainer.parameters import LIVE, Parameters
from services.demo.trainer.publication import Publication
from services.demo.trainer.settings import TrainerSettings

BETTER = Parameters(factors=LIVE.factors, alpha=2.0)
"""On the generated data set its NDCG on held-out ratings is a tenth higher than the live version's."""

VERSIONS = {"better": BETTER, "worse": WORSE}


def main(which: Annotated[str, typer.Argument(help="better or worse")]) -> None:
    """Train and store it; prints how many users there are, and its name for `make release VERSION=name`."""
    from services.demo.trainer.training import train_version  # ALS and SciPy load slowly

    if which not in VERSIONS:
        raise typer.BadParameter(f"{which} is none of {', '.join(VERSIONS)}")
    bucket, parameters = Bucket(), VERSIONS[which]
    dataset = load_dataset(bucket.read_card(bucket.live_version()).files_id)
    publication = Publication(bucket.store, bucket.name)
    train_version(dataset, *split(dataset), parameters, publication, TrainerSettings().k)
    print(len(np.unique(dataset.ratings.user_ids)), parameters.version(dataset.id))


if __name__ == "__main__":
    typer.run(main)
