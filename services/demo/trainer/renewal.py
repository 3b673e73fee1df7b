"""Renew the training references that older code made, from what is stored of their versions."""

from collections.abc import Iterable

import structlog
from whence_monitor import PROFILE, InvalidReference, Reference

from services.demo.dataset import DatasetError
from services.demo.storage.artefacts import CorruptModel, ModelArrays, ModelCard, model_key, reference_key
from services.demo.storage.offline import CorruptFeatures, OfflineFeatures, offline_key
from services.demo.trainer.publication import Publication

log = structlog.get_logger()
REFERENCE_PROFILE = f"{PROFILE} recommender/1"
"""Another one whenever `make_reference` in reference.py would make another reference."""


def renew_references(publication: Publication, versions: Iterable[str]) -> None:
    """Make the references of these versions again that older code made, or that cannot be read.

    A version whose data are gone keeps what it has, which is logged. Raises as `Publication` does.
    """
    for version in versions:
        card = publication.read_card(version)
        problem = _find_problem(publication.read(reference_key(version)))
        if card is None or not problem:
            continue
        try:
            renewed = _make(card, publication)
        except (CorruptModel, CorruptFeatures, DatasetError) as gone:
            log.warning("training reference kept", version=version, problem=problem, cause=str(gone))
            continue
        publication.write(reference_key(version), renewed.to_json().encode())
        log.info("training reference renewed", version=version, problem=problem)


def _find_problem(content: bytes | None) -> str:
    if content is None:
        return "there is none"
    try:
        made_by = Reference.from_json(content).profile
    except InvalidReference as error:
        return str(error)
    return "" if made_by == REFERENCE_PROFILE else "older code made it"


def _make(card: ModelCard, publication: Publication) -> Reference:
    # ALS and SciPy load slowly; a start with nothing to renew needs neither
    from services.demo.trainer.model import restore
    from services.demo.trainer.reference import make_reference
    from services.demo.trainer.retraining import read_learned

    arrays = ModelArrays.from_bytes(publication.read(model_key(card.version)) or b"", card.sha256)
    content = publication.read(offline_key(card.version)) or b""
    offline = OfflineFeatures.from_bytes(content, card.offline_sha256)
    return make_reference(card.dataset_id, restore(arrays, offline, read_learned(card, publication)))
