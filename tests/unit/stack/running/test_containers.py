"""docker-compose.yml says the same as the files it must agree with, and keeps within its bounds."""

import json
import os
import re
import subprocess
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from alerts.rules import pipeline
from components.pins import select
from services.demo.recommender.settings import RecommenderSettings
from stack import DATA, LINEAGE_FILE, ROOT, StackError
from stack.running import compose, container_secrets, containers, engine, modes
from stack.running.rundir import MINIO_METRICS, SCRAPED
from stack.settings import ContainerSettings, Settings

TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
CONTAINERS = ROOT / "containers"
ONE_SHOTS = {"prepare", "storage-setup", "trainer"}
MEGABYTES_IN_ALL = 3072
MINIO_LIVE_HEAP = 244
"""MiB on two cores. With a soft limit below twice that it collects garbage all the time."""
INBOX_IN_A_STORM = 142
"""MiB resident at most, seen up to the 3,250th of 5,000 alerts that `bench.storm` sends."""
MOST_DEFAULT_THREADS = 32
"""In the pool of `asyncio.to_thread`, on a machine of any size."""


def memory_limit(service: dict[str, Any]) -> int:
    """Megabytes, by default."""
    return int(re.findall(r"(\d+)m", service["deploy"]["resources"]["limits"]["memory"])[0])


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


def test_defaults_are_those_of_the_example() -> None:
    defaults = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    assert used.pop("COMPOSE_PROFILES") in ("", "grafana")
    assert used.pop("DATASET") == "/dev/null"
    assert used.pop("INCIDENTS_DATABASE") == "/var/lib/incidents/incidents.db"
    assert used.pop("WHENCE_DATA") == "./data"
    assert used.pop("WHENCE_GENERATED") == "."
    assert used == {name: defaults[name] for name in used}
    assert len(used) > 25


def test_r23_the_inbox_reads_the_lineage_of_the_trainer_and_that_of_commands() -> None:
    trainer, inbox = SERVICES["trainer"], SERVICES["incidents"]
    assert inbox["environment"]["LINEAGE_FILE"] == trainer["environment"]["LINEAGE_FILE"]
    assert {"lineage:/var/lib/lineage", "lineage:/var/lib/lineage:ro"} <= {
        *trainer["volumes"],
        *inbox["volumes"],
    }
    written = "${WHENCE_DATA:-./data}/" + str(LINEAGE_FILE.parent.relative_to(DATA))
    place = Path(inbox["environment"]["COMMANDS_LINEAGE_FILE"])
    assert f"{written}:{place.parent}:ro" in inbox["volumes"] and place.name == LINEAGE_FILE.name


def test_every_image_of_the_example_is_used_and_pinned() -> None:
    images = [name for name in Settings.model_fields if name.endswith("_image")]
    used = TEXT + (ROOT / compose.DISTRIBUTED).read_text()
    assert [name for name in images if name.upper() not in used] == []
    assert [
        name for name in images if not re.search(r":v?\d+[.-]\d", Settings.model_fields[name].default)
    ] == []


@pytest.mark.parametrize("name", ["toxiproxy", "prometheus", "alertmanager", "jaeger", "collector"])
def test_images_are_the_versions_the_processes_are_built_from(name: str) -> None:
    (component,) = select([name])
    assert Settings.model_fields[f"{name}_image"].default.split(":")[1].lstrip("v") == component.release


def test_memory_limits_of_what_runs_together_fit_into_three_gigabytes() -> None:
    """One-shots run one after the other, and before the three that wait for the last."""
    limits = {name: memory_limit(service) for name, service in SERVICES.items()}
    assert max(limits.pop(name) for name in ONE_SHOTS) <= sum(
        limits[name] for name in ("recommender", "features", "traffic")
    )
    assert sum(limits.values()) <= MEGABYTES_IN_ALL


def test_soft_memory_limits_are_below_the_hard_ones() -> None:
    """MinIO ignores one that is above 90% of its container's."""
    (minio,) = re.findall(r"--memlimit, (\d+)MiB", TEXT)
    (grafana,) = re.findall(r"GOMEMLIMIT=(\d+)MiB", (CONTAINERS / "grafana.env").read_text())
    jaeger = SERVICES["jaeger"]["environment"]["GOMEMLIMIT"].removesuffix("MiB")
    for name, soft in {"minio": minio, "grafana": grafana, "jaeger": jaeger}.items():
        assert int(soft) <= 0.9 * memory_limit(SERVICES[name]), name


def test_minio_has_room_for_its_garbage_in_both_modes_and_the_inbox_for_a_storm() -> None:
    soft = re.findall(r"--memlimit,? (\d+)MiB", TEXT + (ROOT / "process-compose.yaml").read_text())
    assert len(soft) == 2 and len(set(soft)) == 1
    assert int(soft[0]) >= 2 * MINIO_LIVE_HEAP
    assert memory_limit(SERVICES["incidents"]) >= 1.25 * INBOX_IN_A_STORM


def test_the_collector_refuses_only_what_garbage_collection_cannot_make_room_for() -> None:
    """Its limiter counts garbage: the collector's soft limit for both is the same, in both modes."""
    limiter = yaml.safe_load((ROOT / "collector" / "config.yaml").read_text())["processors"]["memory_limiter"]
    refuses_at = limiter["limit_mib"] - limiter["spike_limit_mib"]
    processes = yaml.safe_load((ROOT / "process-compose.yaml").read_text())["processes"]
    assert SERVICES["collector"]["environment"]["GOMEMLIMIT"] == f"{refuses_at}MiB"
    assert f"GOMEMLIMIT={refuses_at}MiB" in processes["collector"]["environment"]
    assert f"GOGC={SERVICES['collector']['environment']['GOGC']}" in processes["collector"]["environment"]
    assert limiter["limit_mib"] < memory_limit(SERVICES["collector"])


def test_each_container_may_use_what_counts_as_starved_of_cpu() -> None:
    """Below that it would be throttled, and no alert would tell."""
    for name, service in SERVICES.items():
        cpus = service["deploy"]["resources"]["limits"]["cpus"]
        assert float(cpus.removeprefix("${RECOMMENDER_CPUS:-").rstrip("}")) > pipeline.CORES, name


def test_each_container_is_locked_down(service: dict[str, Any]) -> None:
    assert service["read_only"] or service is SERVICES["prepare"]  # compose copies a file into it
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("0", "root")
    assert {"memory", "cpus", "pids"} <= service["deploy"]["resources"]["limits"].keys()
    assert service["logging"]["options"]["max-size"] and service["stop_grace_period"]
    own = ("127.0.0.1:", "${INCIDENTS_ADDRESS:-127.0.0.1}:")
    assert all(port.startswith(own) for port in service.get("ports", ()))


def test_each_container_is_checked_or_said_not_to_be() -> None:
    unchecked = {name for name, service in SERVICES.items() if "healthcheck" not in service}
    assert unchecked == ONE_SHOTS | {"collector", "traffic"}


def test_whoever_is_waited_for_is_checked_more_often() -> None:
    conditions = [
        (on, how["condition"]) for s in SERVICES.values() for on, how in s.get("depends_on", {}).items()
    ]
    waited_for = {on for on, condition in conditions if condition == "service_healthy"}
    intervals = {name: s["healthcheck"]["interval"] for name, s in SERVICES.items() if "healthcheck" in s}
    assert waited_for == {name for name, interval in intervals.items() if interval == "10s"}
    assert set(intervals.values()) == {"10s", "20s"}


def test_configuration_is_mounted_read_only_and_exists(service: dict[str, Any]) -> None:
    for volume in service.get("volumes", ()):
        volume = volume.replace("${WHENCE_GENERATED:-.}/", "./")
        if volume.startswith("./") and "$" not in volume:
            source, _, mode = volume.split(":")
            assert mode == "ro" and (ROOT / source).exists(), volume


def test_groups_of_secrets_are_those_of_their_readers() -> None:
    groups = {reader.name: str(reader.group) for reader in container_secrets.READERS}
    given = {name: service["group_add"] for name, service in SERVICES.items() if "group_add" in service}
    assert set(given.pop("prepare")) == set(groups.values())
    assert given == {name: [group] for name, group in groups.items()}


def test_minio_is_stamped_as_its_component_is() -> None:
    (minio,) = select(["minio"])
    dockerfile = (minio.folder / "Dockerfile").read_text()
    assert set(minio.stamps) == set(re.findall(r"-X (\S+?)=(\S+?)[\s\"]", dockerfile))


def test_prometheus_scrapes_the_same_components() -> None:
    targets = json.loads((CONTAINERS / "prometheus" / "targets.json").read_text())
    targets += json.loads((CONTAINERS / "prometheus" / "notify-alertmanager.json").read_text())
    assert {target["labels"]["component"] for target in targets} == {*SCRAPED, "minio"}
    paths = [target["labels"].get("__metrics_path__") for target in targets]
    assert tuple(path for path in paths if path) == MINIO_METRICS


def test_one_notifies_at_a_time() -> None:
    assert json.loads((CONTAINERS / "prometheus" / "notify-grafana.json").read_text()) == []
    assert SERVICES["alertmanager"]["profiles"] == ["alertmanager"]
    (start,) = SERVICES["grafana"]["command"]
    assert "alertmanager ] || export GF_UNIFIED_ALERTING_EXECUTE_ALERTS=false" in start


def test_each_reader_gets_its_own_secrets_and_the_same_ones_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: dict[str, int] = {}
    monkeypatch.setattr(os, "chown", lambda file, user, group: groups.update({Path(file).stem: group}))
    container_secrets.write_secrets(tmp_path)
    first = {file.name: file.read_text() for file in tmp_path.glob("*.env")}
    container_secrets.write_secrets(tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.glob("*.env")} == first
    assert "MINIO_ROOT_PASSWORD" not in first["recommender.env"] + first["incidents.env"]
    assert groups == {reader.name: reader.group for reader in container_secrets.READERS}
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("[a-z]*.env")} == {0o440}
    assert not list(tmp_path.glob("*.partial"))


def test_secrets_of_dotenv_are_in_no_environment_and_reach_their_reader_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = SERVICES["prepare"]["configs"][0]
    assert given["target"] == str(container_secrets.CHOSEN_FILE)
    content: str = yaml.safe_load(TEXT)["configs"][given["source"]]["content"]
    assert content == "".join(f"{name}=${{{name}:-}}\n" for name in container_secrets.CHOSEN)
    everywhere = str([service.get("environment") for service in SERVICES.values()])
    assert not [name for name in container_secrets.CHOSEN if name in everywhere]
    monkeypatch.setattr(os, "chown", lambda *_: None)
    secret = "p4$$ 'word' & `more`=; #"
    (tmp_path / "chosen").write_text(f"OIDC_CLIENT_SECRET=\nINCIDENTS_DATABASE_PASSWORD={secret}\n")
    container_secrets.write_secrets(tmp_path, tmp_path / "chosen")
    program = [str(CONTAINERS / "entrypoint"), "printenv", "PGPASSWORD"]
    environment = {"PATH": os.environ["PATH"], "SECRETS": str(tmp_path / "incidents.env")}
    read = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert read.stdout == f"{secret}\n"
    assert "PGPASSWORD" not in (tmp_path / "recommender.env").read_text()


@pytest.mark.parametrize(
    ("wanted", "problem", "mode"),
    [
        ("", None, "containers"),
        ("", "no engine", "processes"),
        ("processes", None, "processes"),
        ("containers", None, "containers"),
    ],
)
def test_mode_is_what_is_wanted_else_what_is_possible(
    monkeypatch: pytest.MonkeyPatch, wanted: Any, problem: str | None, mode: str
) -> None:
    monkeypatch.setattr(engine, "find_problem", lambda: problem)
    chosen, reason = modes.choose_mode(wanted)
    assert chosen == mode and mode.removeprefix("plain ") in reason


def test_containers_wanted_in_vain_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_problem", lambda: "no container engine answers")
    with pytest.raises(StackError, match="MODE=containers: no container engine answers"):
        modes.choose_mode("containers")


def test_mode_is_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(modes, "FILE", tmp_path / "run" / "mode")
    assert modes.recall_mode() is None
    modes.remember_mode("containers")
    assert modes.recall_mode() == "containers"


@pytest.mark.parametrize(
    ("text", "version"), [("v2.40.3", (2, 40)), ("2.24.0-desktop.1", (2, 24)), ("", (0, 0))]
)
def test_version_of_compose_is_read(text: str, version: tuple[int, int]) -> None:
    assert engine.parse_version(text) == version


@pytest.mark.parametrize(("text", "size"), [("61.05MiB", 64015564), ("1.5GiB", 1610612736), ("12B", 12)])
def test_sizes_are_read_as_docker_prints_them(text: str, size: int) -> None:
    assert compose.parse_size(text) == size


@pytest.mark.parametrize(
    ("name", "status", "code", "health", "ready", "failed"),
    [
        ("minio", "running", 0, "healthy", True, False),
        ("minio", "running", 0, "starting", False, False),
        ("minio", "running", 0, None, True, False),
        ("minio", "exited", 0, None, False, False),
        ("trainer", "exited", 0, None, True, False),
        ("minio", "exited", 1, None, False, True),
        ("minio", "created", 0, None, False, False),
    ],
)
def test_containers_are_judged_as_processes_are(
    name: str, status: str, code: int, health: str | None, ready: bool, failed: bool
) -> None:
    state = {
        "Status": status,
        "ExitCode": code,
        "Pid": 1,
        **({"Health": {"Status": health}} if health else {}),
    }
    labels = {"com.docker.compose.service": name}
    found = compose.parse_container({"State": state, "RestartCount": 0, "Config": {"Labels": labels}})
    assert (found.name, found.ready, found.failed) == (name, ready, failed)


def test_alertmanager_comes_with_prometheus_alerting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    monkeypatch.delenv("ALERTING", raising=False)
    assert containers.environment(ContainerSettings()) == {}
    chosen = ContainerSettings(alerting="prometheus", dataset=os.path.relpath(tmp_path))
    assert containers.environment(chosen) == {"COMPOSE_PROFILES": "alertmanager", "DATASET": str(tmp_path)}


def test_several_workers_get_room_unless_the_user_has_said_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "count_cpus", lambda: 2)
    room = containers.environment(Settings(workers=4, alerting="grafana"))
    assert room["RECOMMENDER_CPUS"] == "2"
    each = memory_limit(SERVICES["recommender"]) * 0.6
    assert int(room["RECOMMENDER_MEMORY"].removesuffix("m")) > 4 * each
    chosen = Settings(workers=4, alerting="grafana", recommender_memory="1g", recommender_cpus="0.5")
    assert containers.environment(chosen) == {}


def test_the_workers_of_a_container_have_room_for_what_they_share_and_for_their_threads() -> None:
    recommender = SERVICES["recommender"]
    given = RecommenderSettings.model_validate(
        {"shared_dir": recommender["environment"]["RECOMMENDER_SHARED_DIR"]}
    )
    assert "WORKERS" in recommender["environment"]
    assert any(given.shared_dir.is_relative_to(writable) for writable in recommender["tmpfs"])
    most = RecommenderSettings.model_json_schema()["properties"]["workers"]["maximum"]
    each = given.storage_concurrency + MOST_DEFAULT_THREADS
    assert recommender["deploy"]["resources"]["limits"]["pids"] > most * each


def test_everybody_gets_the_users_own_keys_to_storage_and_no_environment_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay = yaml.safe_load((CONTAINERS / "external-storage.yml").read_text())
    assert "_KEY" not in str([service.get("environment") for service in overlay["services"].values()])
    (given,) = overlay["services"]["prepare"]["configs"]
    assert given["target"] == str(container_secrets.STORAGE_KEYS_FILE)
    content: str = overlay["configs"][given["source"]]["content"]
    keys = {"STORAGE_ACCESS_KEY": "somebody", "STORAGE_SECRET_KEY": "their-$ecret"}
    (tmp_path / "keys").write_text(Template(content).substitute(keys))
    monkeypatch.setattr(os, "chown", lambda *_: None)
    container_secrets.write_secrets(tmp_path, tmp_path / "none", tmp_path / "keys")
    for reader in ("recommender", "trainer", "features"):
        assert (tmp_path / f"{reader}.env").read_text() == (
            "STORAGE_ACCESS_KEY=somebody\nSTORAGE_SECRET_KEY='their-$ecret'\n"
        )


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [("http://s3.local:7070", "http://toxiproxy:9100"), ("https://s3.local", "https://s3.local")],
)
def test_containers_are_led_to_the_users_own_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, url: str
) -> None:
    monkeypatch.setattr(containers, "RUN", tmp_path)
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    variables = containers.environment(Settings(storage_endpoint=endpoint, alerting="grafana"))
    assert variables["COMPOSE_FILE"].split(":") == ["docker-compose.yml", "containers/external-storage.yml"]
    assert variables["STORAGE_URL"] == url
    (proxy,) = json.loads(Path(variables["TOXIPROXY_CONFIG"]).read_text())
    assert proxy["upstream"] == Settings(storage_endpoint=endpoint).storage_upstream


def test_what_external_storage_changes_is_there() -> None:
    changed = yaml.safe_load((CONTAINERS / "external-storage.yml").read_text())["services"]
    assert changed.keys() <= SERVICES.keys()
    assert changed["minio"] == {"deploy": {"replicas": 0}}
    for name in ("toxiproxy", "prometheus"):
        (mount,) = changed[name]["volumes"]
        assert mount.split(":")[1] in [volume.split(":")[1] for volume in SERVICES[name]["volumes"]]
    targets = json.loads((CONTAINERS / "prometheus" / "targets-external-storage.json").read_text())
    own = json.loads((CONTAINERS / "prometheus" / "targets.json").read_text())
    assert targets == [target for target in own if target["labels"]["component"] != "minio"]


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are about the distributed stack, of which there are no containers."""
    monkeypatch.setattr(compose, "MARK", tmp_path / "run" / "distributed")
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    monkeypatch.setattr(compose, "read_containers", list)
    containers.choose_stack(distributed=True)


def test_commands_after_the_start_are_about_the_distributed_stack_too(
    marked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compose.list_files() == ["docker-compose.yml", "deploy/scale/compose.yml"]
    monkeypatch.setenv("COMPOSE_FILE", "docker-compose.yml:mine.yaml")
    assert compose.list_files() == ["docker-compose.yml", "deploy/scale/compose.yml", "mine.yaml"]
    containers.choose_stack(distributed=False)
    assert compose.list_files() == ["docker-compose.yml", "mine.yaml"]
    monkeypatch.setenv("COMPOSE_FILE", "docker-compose.yml:deploy/scale/compose.yml")
    containers.choose_stack(distributed=False)
    assert compose.is_distributed()
    assert compose.list_files() == ["docker-compose.yml", "deploy/scale/compose.yml"]


def test_one_stack_is_not_started_over_the_other(marked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "read_containers", lambda: ["kafka-1"])
    containers.choose_stack(distributed=True)
    with pytest.raises(StackError, match=r"the distributed stack's containers: `make down` first"):
        containers.choose_stack(distributed=False)
    assert compose.is_distributed()


def test_storage_of_the_users_own_is_told_to_the_distributed_stack(
    marked: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "RUN", tmp_path)
    settings = Settings(storage_endpoint="http://s3.local:7070", alerting="grafana")
    *_, last = containers.environment(settings)["COMPOSE_FILE"].split(":")
    assert last == "deploy/scale/external-storage.yml" and (ROOT / last).exists()
