"""A reference learned from the first predictions, where there are no training data."""

import os
from collections import Counter
from collections.abc import Sequence
from logging import getLogger
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from whence_monitor.bins import LEAST_OF_A_NAME, LONGEST_NAME
from whence_monitor.profile import make_reference
from whence_monitor.reference import PREDICTION, InvalidReference, Reference

_logger = getLogger("whence_monitor")


def learn_reference(rows: Sequence[dict[str, Any]], dataset_id: str, path: Path | None) -> Reference:
    """Profile rows, with predictions under PREDICTION. Rare names of features could be ids: left out.

    With a path, the first process to have learned writes it, and all others take it from there, so that their
    bins add up.
    """
    frequency = Counter(name for row in rows for name in row if isinstance(name, str) and name != PREDICTION)
    least = min(len(rows), LEAST_OF_A_NAME)
    names = [name for name, number in frequency.items() if number >= least and len(name) <= LONGEST_NAME]
    columns = {name: [row.get(name) for row in rows] for name in names}
    columns["\0" + PREDICTION] = [row.get(PREDICTION) for row in rows]
    reference = make_reference(columns, prediction="\0" + PREDICTION, dataset_id=dataset_id, learned=True)
    if path is None:
        return reference
    try:
        return _share(reference, path)
    except (OSError, InvalidReference) as error:
        _logger.warning("learned reference not shared: %s", error)
        return reference


def _share(reference: Reference, path: Path) -> Reference:
    with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as file:
        file.write(reference.to_json())
    try:
        os.link(file.name, path)
    except FileExistsError:
        return Reference.load(path)
    finally:
        os.unlink(file.name)
    return reference
