"""A release on the live stack: through the gate, to a share of the users, and back; nothing of it stays."""

from pathlib import Path
from typing import Any

from services.demo.trainer.parameters import CANDIDATE
from tests.e2e.live import Stack, eventually, running


def test_r22_a_release_passes_the_gate_reaches_users_and_is_rolled_back_at_once(
    stack: Stack, tmp_path: Path
) -> None:
    eventually("only the live version is loaded", lambda: len(_readiness(stack)["versions"]) == 1, 60)
    ready = _readiness(stack)
    live, version = ready["model_version"], CANDIDATE.version(ready["dataset_id"])
    config = tmp_path / "whence.yaml"
    config.write_text("release: {shadow: off}\n")
    command = ("stack", "release", version, "--who", "ada")
    with running(stack, *command, WHENCE_CONFIG=str(config)) as release:
        try:
            eventually("users have it", lambda: version in _readiness(stack)["versions"], 80)
            another = stack.run(*command, check=False)
            assert another.returncode == 1 and f"{version} is being released" in another.stderr
        finally:
            stack.run("stack", "rollback", "--who", "ada", check=False)
        assert release.wait(30) == 1
    eventually("all have the live version", lambda: _readiness(stack)["versions"] == [live], 30)
    told = " ".join(stack.run("stack", "audit", "--about", version, "--last", "20").stdout.split())
    for entry in ("gate: gate.passed", "ada: release.begun", "release controller: release.rolled_back"):
        assert f"{entry} {version}" in told, told
    page = stack.http.get(f"{stack.url('incidents')}/releases")
    assert page.status_code == 200 and version in page.text


def _readiness(stack: Stack) -> dict[str, Any]:
    ready: dict[str, Any] = stack.http.get(f"{stack.url('recommender')}/readyz").json()
    return ready
