"""The database of the inboxes: `python -m stack.scale.postgresql` becomes a PostgreSQL server."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

from stack import StackError

USER = "postgres"
"""Who runs it where we are root, as whom PostgreSQL does not start: Debian's package brings this user."""
NAME = "whence"
BOUNDS = {
    "max_connections": "40",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "logging_collector": "off",
    "unix_socket_directories": "",
}


def find_programs() -> Path:
    """The folder of `initdb` and `postgres`. Raises StackError where PostgreSQL is not installed."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")  # Debian's are not on the PATH
    newest = max(versions, key=lambda folder: int(folder.parent.name), default=None)
    found = shutil.which("postgres")
    if newest is None and found is None:
        raise StackError(
            "PostgreSQL is needed: on Debian, apt-get install postgresql; or set INCIDENTS_DATABASE"
        )
    return newest or Path(str(found)).resolve().parent


def main() -> None:
    """Makes the database at the first start; ends only if that fails."""
    data, host, port = (os.environ[f"POSTGRESQL_{name}"] for name in ("DATA", "HOST", "PORT"))
    password = Path(os.environ["POSTGRESQL_PASSWORD_FILE"]).read_text()
    programs, folder = find_programs(), Path(data)
    if os.getuid() == 0:
        _become(pwd.getpwnam(USER), folder)
    if not (folder / "PG_VERSION").exists():
        _make(programs, folder, password)
    bounds = [f"-c{name}={value}" for name, value in BOUNDS.items()]
    os.execv(programs / "postgres", ["postgres", "-D", data, "-h", host, "-p", port, *bounds])


def _become(user: pwd.struct_passwd, folder: Path) -> None:
    """Goes on as another user, who has the folder. Raises StackError where they cannot get there."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, user.pw_uid, user.pw_gid)
    os.chdir("/")
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    if closed := next((each for each in reversed(folder.parents) if not os.access(each, os.X_OK)), None):
        raise StackError(
            f"{user.pw_name}, its user, may not enter {closed}: chmod o+x it, or set INCIDENTS_DATABASE"
        )


def _make(programs: Path, folder: Path, password: str) -> None:
    """A cluster with one user and one database of the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    initdb = [str(programs / "initdb"), "-D", str(folder), "-U", NAME, "-E", "UTF8", "--locale=C"]
    initdb += ["--auth=scram-sha-256", "--pwfile=/dev/stdin"]
    subprocess.run(initdb, input=password, text=True, check=True, cwd="/")
    create = [str(programs / "postgres"), "--single", "-D", str(folder), "template1"]
    subprocess.run(create, input=f"CREATE DATABASE {NAME};\n", text=True, check=True, cwd="/")


if __name__ == "__main__":
    try:
        main()
    except (OSError, KeyError, subprocess.CalledProcessError, StackError) as error:
        sys.exit(f"postgresql: {error}")
