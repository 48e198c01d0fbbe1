"""docker/compose.yaml: sound in itself, and the same engines as local mode."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from composed import DOCKER, FILE, VARIABLE, dotenv, filled, raw, services

from flightlib.cli import lab
from flightlib.engines import apps, commands, container, prometheus
from flightlib.engines.doctor_compose import ALL_GB
from flightlib.engines.mode import Containers
from flightlib.engines.names import ENGINES
from flightlib.engines.services import NETWORK, PROFILES, PUBLISHED, SERVICES, variables
from flightlib.settings import HOST, Settings, load, variable

ROOT = Path(__file__).parents[2]
INSIDE = Path("/opt/flightlib")  # where the image keeps the checkout
MODULE = ["python", "-m", "flightlib.engines.container"]
GUESTS = ("prometheus", "grafana")  # in images of their makers
DASHBOARD = "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
OURS = tuple(name for name in SERVICES if name not in GUESTS)


def test_the_file_fits_the_schema_of_compose_files() -> None:
    """The Compose Specification's own schema, as a validator ships it, accepts the file."""
    ours = ("--builtin-schema", "vendor.compose-spec")
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *ours, str(FILE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_docker_compose_itself_reads_the_file(tmp_path: Path) -> None:
    """Where the compose plugin is installed, it resolves the file to the same services."""
    if not shutil.which("docker") or _compose("version").returncode:
        pytest.skip("the compose plugin is not on this machine")
    given = {**os.environ, **variables(load(data=tmp_path), Containers())}
    profiles = [word for name in PROFILES for word in ("--profile", name)]
    done = _compose("--file", str(FILE), *profiles, "config", "--format", "json", env=given)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)["services"]
    assert set(read) == {NETWORK, *SERVICES}
    for name, service in filled(services(), given).items():
        assert read[name]["command"] == service["command"]
        assert read[name]["environment"] == service["environment"]


def _compose(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", *words], env=env, capture_output=True, text=True, check=False
    )


def test_the_services_are_the_engines_and_what_uses_them() -> None:
    """Every engine of local mode has its service, and there is nothing else but the network."""
    assert set(services()) == {NETWORK, *ENGINES, *apps.APPS}


def test_each_engine_runs_the_command_of_local_mode() -> None:
    """A service becomes its engine by the module that builds local mode's commands."""
    for engine in ENGINES:
        assert services()[engine]["command"] == [*MODULE, "run", engine]
    assert services()[NETWORK]["command"] == [*MODULE, "hold"]


def test_each_service_is_asked_its_own_question() -> None:
    """A health check asks about its own service, and an engine the question of local mode."""
    for name in OURS:
        assert services()[name]["healthcheck"]["test"] == ["CMD", *MODULE, "ask", name]
    assert services()[NETWORK]["healthcheck"]["test"][:3] == ["CMD", "test", "-f"]
    for name in GUESTS:
        page = f"http://127.0.0.1:${{FLIGHTLIB_{name.upper()}_PORT}}"
        assert page in services()[name]["healthcheck"]["test"][-1]


def test_each_configuration_file_is_the_one_local_mode_reads() -> None:
    """Every file below docker/ that an engine's command names is mounted from this checkout."""
    for engine in ENGINES:
        mounted = {
            (DOCKER / source).resolve(): Path(target)
            for source, target in _mounts(services()[engine]["volumes"])
        }
        for folder in mounted:
            assert folder.is_dir(), folder
        for file in _files_named(engine):
            homes = [place for place in mounted if file.is_relative_to(place)]
            assert homes, f"{engine} reads {file}, which is not mounted"
            inside = mounted[homes[0]] / file.relative_to(homes[0])
            assert inside == INSIDE / file.relative_to(ROOT)


def _mounts(volumes: list[object]) -> list[tuple[str, str]]:
    return [tuple(v.split(":")[:2]) for v in volumes if isinstance(v, str)]  # type: ignore[misc]


def _files_named(engine: str) -> set[Path]:
    """The files and folders of docker/ in an engine's command, environment included."""
    settings = load(data="/data", cache="/cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "home", lambda _, name: Path("/homes") / name)
        patch.setattr(commands, "java", lambda _, name: Path("/java") / name)
        made = commands.command(settings, engine)
    words = " ".join([*made.argv, *made.env.values()])
    return {Path(name) for name in re.findall(rf"{re.escape(str(DOCKER))}[\w./-]*", words)}


def test_every_mount_is_there() -> None:
    """What a service mounts from the checkout exists, and engines cannot change it."""
    for name, service in services().items():
        for volume in service["volumes"]:
            if isinstance(volume, str):
                assert (DOCKER / volume.split(":")[0]).exists(), volume
                assert volume.endswith(":ro") or name == "lab", volume


def test_the_data_folder_has_one_name_inside_and_outside() -> None:
    """Iceberg keeps absolute paths, so the folder is mounted under its own name everywhere."""
    for name, service in services().items():
        if name == "grafana":  # which keeps nothing
            assert service["tmpfs"] == ["/var/lib/grafana"]
            continue
        (data,) = [volume for volume in service["volumes"] if isinstance(volume, dict)]
        assert data["source"] == data["target"] == "${FLIGHTLIB_DATA}"
        # Docker would make a missing folder as root's, and nothing could write there.
        assert data["bind"] == {"create_host_path": False}


def test_every_variable_is_defined() -> None:
    """A variable stands in docker/.env, is given by `flightlib up`, or has a default."""
    given = set(variables(load(), Containers()))
    used = VARIABLE.findall(FILE.read_text(encoding="utf-8"))
    assert used
    for name, kind, _ in used:
        assert name in dotenv() or name in given, name
        if name not in dotenv():
            # By hand, `docker compose` says what is missing or takes the default.
            assert kind or name == "FLIGHTLIB_DATA", name


def test_no_port_and_no_version_stands_in_the_file() -> None:
    """Ports and versions come from docker/.env alone."""
    text = FILE.read_text(encoding="utf-8")
    for name, value in dotenv().items():
        found = re.search(rf"(?<![\w.]){re.escape(value)}(?![\w.])", text)
        assert not found, f"{name} stands in compose.yaml"


def test_the_ports_are_those_of_local_mode() -> None:
    """The network publishes each port on the loopback address alone, under its own number."""
    expected = [f"FLIGHTLIB_{name.upper()}" for name in PUBLISHED]
    assert services()[NETWORK]["ports"] == [f"127.0.0.1:${{{n}}}:${{{n}}}" for n in expected]
    for name in SERVICES:
        assert "ports" not in services()[name]
        assert services()[name]["network_mode"] == f"service:{NETWORK}"
    inside = filled(services()["kafka"]["environment"], {**dotenv(), "FLIGHTLIB_DATA": "/data"})
    for name in Settings.model_fields:
        if name.endswith("_port"):
            assert inside[variable(name)] == dotenv()[variable(name)]


def test_servers_are_reached_from_outside_and_clients_are_not() -> None:
    """Engines and backend listen where Docker's ports lead; the others keep to themselves."""
    for name in (*ENGINES, "backend"):
        assert services()[name]["environment"]["FLIGHTLIB_BIND"] == "0.0.0.0"
    for name in (NETWORK, "sky", "lab"):
        assert "FLIGHTLIB_BIND" not in services()[name]["environment"]


def test_services_wait_for_what_they_need() -> None:
    """Every wait is for health; it ends at the network, and what is waited for is there too."""
    for name in SERVICES:
        waits = services()[name]["depends_on"]
        assert waits
        assert all(wait == {"condition": "service_healthy"} for wait in waits.values())
        seen, next_ones = {name}, list(waits)
        while next_ones:
            one = next_ones.pop()
            assert one != name, "a circle"
            assert set(services()[name]["profiles"]) <= set(services()[one]["profiles"]), one
            if one not in seen:
                seen.add(one)
                next_ones += services()[one].get("depends_on", {})
        assert NETWORK in seen


def test_every_service_has_a_profile_that_is_typed() -> None:
    """`flightlib up --compose` names every profile, so every service is in reach."""
    assert {profile for one in services().values() for profile in one["profiles"]} == set(PROFILES)
    assert all(one["profiles"] for one in services().values())


def test_all_limits_together_fit_the_memory_that_is_asked_for() -> None:
    """Every service has a limit, and all together stay below 8 GB."""
    limits = {name: _bytes(one["mem_limit"]) for name, one in services().items()}
    assert sum(limits.values()) <= ALL_GB * 2**30
    for name in ENGINES:
        heap = [w[4:] for w in _command(name) if w.startswith("-Xmx")]
        # Beside its heap a Java process needs room for classes, threads and buffers.
        assert not heap or limits[name] > _bytes(heap[0]) * 1.25, name


def _command(engine: str) -> tuple[str, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "home", lambda _, name: Path("/homes") / name)
        patch.setattr(commands, "java", lambda _, name: Path("/java") / name)
        return commands.command(load(data="/data", cache="/cache"), engine).argv


def _bytes(text: str) -> int:
    unit = {"k": 2**10, "m": 2**20, "g": 2**30}.get(text[-1].lower())
    return int(text[:-1]) * unit if unit else int(text)


def test_one_image_is_built_once_and_never_pulled() -> None:
    """One service builds the image that all of ours run; none looks for it elsewhere."""
    assert [name for name, one in services().items() if "build" in one] == [NETWORK]
    ours = [services()[name] for name in (NETWORK, *OURS)]
    assert len({one["image"] for one in ours}) == 1
    assert all(one["pull_policy"] == "never" for one in ours)


def test_images_of_others_are_pinned_in_the_one_file() -> None:
    """Prometheus and Grafana are fetched in one version each, which stands in docker/.env."""
    for name in GUESTS:
        one = services()[name]
        assert one["image"] == f"${{FLIGHTLIB_{name.upper()}_IMAGE}}"
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", dotenv()[f"FLIGHTLIB_{name.upper()}_IMAGE"])
        assert one["profiles"] == ["observe"]


def test_prometheus_has_the_options_of_local_mode(tmp_path: Path) -> None:
    """In a container it reads and keeps what `flightlib observe` does, and listens to Docker."""
    port = int(dotenv()["FLIGHTLIB_PROMETHEUS_PORT"])
    settings = load(data=tmp_path, prometheus_port=port)
    one = filled(services()["prometheus"], {**dotenv(), "FLIGHTLIB_DATA": str(tmp_path)})
    _, *words = prometheus.command(settings, tmp_path / "prometheus", "prometheus")
    assert one["command"] == [word.replace(f"={HOST}:", "=0.0.0.0:") for word in words]
    container.hold_folder(settings)
    assert (tmp_path / "prometheus" / "prometheus.yml").is_file()


def test_grafana_reads_the_files_of_the_checkout() -> None:
    """Its dashboard, data source and first page are the mounted ones, with what they ask for."""
    one = services()["grafana"]
    (mount,) = _mounts(one["volumes"])
    inside = one["environment"]
    for name in ("FLIGHTLIB_DASHBOARDS", "GF_PATHS_PROVISIONING", DASHBOARD):
        place = Path(inside[name])
        assert place.is_relative_to(mount[1])
        assert (DOCKER / mount[0] / place.relative_to(mount[1])).exists(), place
    files = (DOCKER / "grafana" / "provisioning").rglob("*.yml")
    asked = {word for f in files for word in re.findall(r"\$(\w+)", f.read_text(encoding="utf-8"))}
    assert asked
    assert asked <= set(inside)


def test_no_container_has_more_rights_than_its_user() -> None:
    """No service has a capability, or runs as root unless that is asked for."""
    for one in services().values():
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert filled(one["user"], {}) == "1000:1000"


def test_jupyterlab_starts_as_in_the_demo() -> None:
    """JupyterLab has the demo's options; only where it listens and what it opens are its own."""
    shared = {w for w in lab._command(Path("/"), "", False)[3:] if "ip=" not in w}
    own = set(services()["lab"]["command"][3:])
    assert {w for w in shared if "root_dir" not in w and "default_url" not in w} <= own
    assert "--ServerApp.port=${FLIGHTLIB_LAB_PORT}" in own


def test_the_file_names_its_project() -> None:
    """Typed by hand, `docker compose` calls the project flightlib, wherever the file lies."""
    assert raw()["name"] == "flightlib"
