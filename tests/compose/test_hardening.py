"""What the engine says of each running container: nobody is root, and nobody may more than they need."""

from stack.credentials import GENERATED
from tests.compose.live import ContainerStack

GIGABYTE = 2**30
UNREADABLE = "Permission denied"


def test_no_container_runs_as_root(stack: ContainerStack) -> None:
    users = {service: stack.inspect(service)["Config"]["User"] for service in stack.services()}
    assert len(users) >= 9
    assert not [service for service, user in users.items() if user.split(":")[0] in ("", "0", "root")]
    for service in users:
        status = stack.compose("top", service)
        assert not [line for line in status.splitlines()[2:] if line.startswith("root")], service


def test_each_container_is_read_only_without_capabilities_and_limited(stack: ContainerStack) -> None:
    total = 0
    for service in stack.services():
        host = stack.inspect(service)["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"] and not host["CapAdd"] and not host["Privileged"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0 and host["NanoCpus"] > 0 and host["PidsLimit"] > 0, service
        assert host["LogConfig"]["Config"]["max-size"], service
        total += host["Memory"]
    assert total <= 3 * GIGABYTE


def test_ports_are_published_on_loopback_only(stack: ContainerStack) -> None:
    for service in stack.services():
        for bindings in stack.inspect(service)["HostConfig"]["PortBindings"].values():
            assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}, service


def test_a_service_can_read_its_own_secrets_only(stack: ContainerStack) -> None:
    assert "STORAGE_SECRET_KEY=" in stack.compose(
        "exec", "-T", "recommender", "cat", "/secrets/recommender.env"
    )
    for secret in ("minio.env", "trainer.env", "incidents.env", ".secrets.env"):
        read = f"cat /secrets/{secret} 2>&1 || true"
        assert UNREADABLE in stack.compose("exec", "-T", "recommender", "sh", "-c", read), secret
    folder = "/etc/prometheus/secrets"
    assert stack.compose("exec", "-T", "prometheus", "cat", f"{folder}/prometheus").strip()
    read = f"cat {folder}/incidents.env 2>&1 || true"
    assert UNREADABLE in stack.compose("exec", "-T", "prometheus", "sh", "-c", read)


def test_no_secret_is_in_what_docker_inspect_shows(stack: ContainerStack) -> None:
    shown = str([stack.inspect(service)["Config"] for service in stack.services(running=False)])
    secrets = stack.compose("run", "--rm", "-T", "--no-deps", "prepare", "cat", "/secrets/.secrets.env")
    given = dict(line.split("=", 1) for line in secrets.splitlines())
    assert not [name for name in GENERATED if given[name] in shown]
