from collections.abc import Iterator

import pytest

from tests.unit.services.demo.features.fake_s3 import FakeS3, run_s3


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with run_s3() as fake:
        yield fake
