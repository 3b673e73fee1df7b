"""Features are no longer written: after 3 minutes they expire and the recommender does not use them.

    feature job ──✗──▶ storage ──▶ recommender: too old

At `high` the job is stopped; below, storage refuses its writes for users whose id ends in certain digits.
"""

from collections.abc import Sequence

from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from faults import Fault, FaultError
from faults.backup import delete_backup, read_backup, save_backup
from faults.bucket import Bucket
from faults.programs import start, stop
from services.demo.storage.policies import make_policy
from stack.settings import load_settings
from stack.storage.bucket import find_credentials

NAME = "stale-features"
JOB = POLICY = "features"
DIGITS = {"low": "3", "medium": "1357"}
"""Last digits of the users concerned: a tenth of them for each."""

PATIENCE = 5.0


def inject(severity: str) -> str:
    """Keeps features from being written; a sentence saying so."""
    Bucket().live_version()
    if severity in DIGITS and load_settings().external_storage:
        raise FaultError("this severity needs the stack's own MinIO, not STORAGE_ENDPOINT: use SEVERITY=high")
    save_backup(NAME, {"severity": severity.encode()})
    if severity not in DIGITS:
        stop(JOB)
        return "The feature job is now stopped; its last features expire after 3 minutes."
    _set_policy(DIGITS[severity])
    return f"Features of users with an id ending in {' or '.join(DIGITS[severity])} are no longer written."


def mend() -> None:
    """Lets the job write again."""
    severity = read_backup(NAME).get("severity", b"").decode()
    if severity in DIGITS:
        _set_policy("")
    elif severity:
        start(JOB)
    delete_backup(NAME)


def _set_policy(refused: Sequence[str]) -> None:
    """The job's own policy, with the users whose id ends in one of the digits taken out."""
    bucket = Bucket().name
    policy = make_policy(POLICY, bucket)
    if refused:
        keys = [f"arn:aws:s3:::{bucket}/features/*{digit}.json" for digit in refused]
        policy["Statement"].append({"Effect": "Deny", "Action": ["s3:PutObject"], "Resource": keys})
    try:
        _connect().policy_add(POLICY, policy=policy)
    except (HTTPError, MinioAdminException, OSError) as error:
        raise FaultError(f"object storage rejected the policy ({error}): see `make status`") from None


def _connect() -> MinioAdmin:
    credentials = find_credentials()
    return MinioAdmin(
        endpoint=load_settings().url("minio").removeprefix("http://"),
        secure=False,
        credentials=StaticProvider(credentials["MINIO_ROOT_USER"], credentials["MINIO_ROOT_PASSWORD"]),
        http_client=PoolManager(timeout=Timeout(total=PATIENCE), retries=Retry(total=0)),
    )


FAULT = Fault(
    name=NAME,
    domain="data",
    impact="after 3 minutes, users without fresh features get the popular list",
    inject=inject,
    mend=mend,
)
