"""A real object storage, for what only one can show."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from components.build import ComponentMissing, binary
from services.demo.storage.settings import SetupSettings, StorageSettings
from services.demo.storage.setup import set_up

ROOT, SECRET = "root", SecretStr("secret-secret")
REGION = "eu-central-1"


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageSettings]:
    """The root user of a MinIO with the stack's bucket and users."""
    try:
        program = binary("minio")
    except ComponentMissing as missing:
        pytest.skip(str(missing))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("minio")
    secret = SECRET.get_secret_value()
    chosen = {"MINIO_ROOT_USER": ROOT, "MINIO_ROOT_PASSWORD": secret, "MINIO_SITE_REGION": REGION}
    environment = {**os.environ, **chosen, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
    command: list[str | Path] = [program, "server", folder / "data", "--address", address, "--quiet"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log) as process,
    ):
        try:
            settings = _setup_settings(f"http://{address}")
            set_up(settings)
            yield settings.root()
        finally:
            process.terminate()


def _setup_settings(endpoint: str) -> SetupSettings:
    roles = ("recommender", "trainer", "features")
    users = {f"{role}_s3_access_key": role for role in roles}
    secrets = {f"{role}_s3_secret_key": SECRET for role in roles}
    root = {"minio_root_user": ROOT, "minio_root_password": SECRET}
    where = {"storage_endpoint": endpoint, "storage_region": REGION}
    return SetupSettings.model_validate(where | users | secrets | root)
