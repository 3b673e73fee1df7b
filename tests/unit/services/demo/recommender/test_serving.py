"""What the recommender's process does for itself."""

import gc

from services.demo.recommender.serving import spare_what_stays


def test_no_collection_goes_through_what_was_there_at_the_start() -> None:
    stays = [object()]
    spare_what_stays()
    try:
        comes = [object()]
        looked_at = {id(each) for each in gc.get_objects()}
        assert id(comes) in looked_at and id(stays) not in looked_at
    finally:
        gc.unfreeze()
