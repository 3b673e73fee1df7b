"""`make mlflow`: logs every version that a trainer told of to an MLflow server that someone has."""

import httpx
from pydantic import SecretStr, TypeAdapter

from decisions.lineage.history import Training
from decisions.lineage.mlflow import Mlflow, MlflowError
from stack import StackError
from stack.models.lineage import Found, ask_inbox
from stack.settings import Settings

TIMEOUT = 30.0
TRAININGS = TypeAdapter(list[Training])


def log_trainings(settings: Settings, address: str, token: SecretStr) -> str:
    """Log what the server does not have yet; lines on how much, and what is left out. Raises StackError."""
    if not address.startswith(("http://", "https://")):
        raise StackError("name the MLflow server: SERVER=http://host:port")
    catalogue = ask_inbox(settings, "/api/catalogue")
    trainings = read_trainings(catalogue)
    secret = token.get_secret_value()
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    try:
        with httpx.Client(base_url=address.rstrip("/"), timeout=TIMEOUT, headers=headers) as http:
            server = Mlflow(http)
            new = sum(server.log(training) for training in trainings)
    except httpx.InvalidURL as error:
        raise StackError(f"SERVER={address} is no address: {error}") from None
    except MlflowError as error:
        raise StackError(str(error)) from None
    said = f"Logged {new} of {len(trainings)} versions to {address}; it had the others."
    return "\n".join([said, *catalogue["missing"]])


def read_trainings(catalogue: Found) -> list[Training]:
    """The run that made each version of the catalogue, the oldest first."""
    found = [
        version["training"]
        for model in catalogue["models"]
        for version in model["versions"]
        if version["training"] and version["training"]["state"] == "COMPLETE"
    ]
    return sorted(TRAININGS.validate_python(found), key=lambda training: training.began)
