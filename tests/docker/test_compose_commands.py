"""`up --compose` and what follows: what is typed to Docker, and what its answers mean."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from notetaking import Notes
from typer.testing import CliRunner, Result

from flightlib.cli import app
from flightlib.engines import compose, docker
from flightlib.engines.compose import Compose
from flightlib.engines.docker import epoch_s, megabytes
from flightlib.engines.folder import claim
from flightlib.engines.local import Local
from flightlib.engines.mode import forget, in_containers, recall
from flightlib.engines.names import ENGINES
from flightlib.engines.services import PROFILES, chosen_services, project_name
from flightlib.errors import EngineFailed, MachineError, SettingError
from flightlib.settings import HOST, Settings, load

pytestmark = pytest.mark.usefixtures("all_well")


@pytest.fixture
def here(own_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a data folder and ports of their own; waiting takes no time."""
    monkeypatch.setattr(compose, "_POLL_S", 0.01)
    return load()


def typed_line(*words: str) -> Result:
    """Run a command as a person would."""
    return CliRunner().invoke(app, list(words))


# --- what is typed --------------------------------------------------------------------------------


def test_up_builds_then_starts_what_was_named(here: Settings, notes: Notes) -> None:
    """The image is built, then the named engines are started, in every profile's reach."""
    said: list[tuple[str, str]] = []
    Compose(here).up(["registry", "kafka"], lambda engine, state: said.append((engine, state)))
    verbs = [words for words in notes.typed if words[0] == "compose" and "version" not in words]
    assert [words[-1] for words in verbs if "build" in words] == ["network"]
    words, _ = notes.compose("up")
    assert words[words.index("up") :] == ["up", "--detach", "--no-build", "kafka", "registry"]
    assert words[1:3] == ["--project-name", project_name(here.data)]
    assert [words[i + 1] for i, w in enumerate(words) if w == "--profile"] == list(PROFILES)
    assert Path(words[words.index("--file") + 1]).name == "compose.yaml"
    assert Path(words[words.index("--env-file") + 1]).name == ".env"
    assert [one for one in said if one[1] == "starting"] == [
        ("kafka", "starting"),
        ("registry", "starting"),
    ]
    assert {one for one in said if one[1] == "healthy"} == {
        ("kafka", "healthy"),
        ("registry", "healthy"),
    }


def test_compose_gets_ports_folder_and_user(here: Settings, notes: Notes) -> None:
    """What the file asks for is in the environment: this user's files, on these ports."""
    Compose(here).up(["kafka"])
    _, given = notes.compose("up")
    assert given["FLIGHTLIB_DATA"] == str(here.data)
    assert given["FLIGHTLIB_KAFKA_PORT"] == str(here.kafka_port)
    assert given["FLIGHTLIB_USER"] == f"{os.getuid()}:{os.getgid()}"
    assert given["FLIGHTLIB_LAB_TOKEN"] == recall(here.data).token != ""


def test_docker_without_root_runs_as_root_inside(here: Settings, notes: Notes) -> None:
    """Where Docker itself has no root, root inside is the user outside, who owns the files."""
    notes.set(options=["name=seccomp,profile=builtin", "name=rootless"])
    Compose(here).up(["kafka"])
    assert notes.compose("up")[1]["FLIGHTLIB_USER"] == "0:0"


def test_without_names_every_engine_is_meant() -> None:
    """No name means the engines of local mode; the others have to be named."""
    assert chosen_services(None) == ENGINES
    assert chosen_services(["lab", "sky", "kafka"]) == ("kafka", "sky", "lab")
    assert chosen_services(["backend"]) == ("backend",)
    with pytest.raises(SettingError, match="Did you mean 'backend'"):
        chosen_services(["bakend"])


def test_two_data_folders_share_no_container(tmp_path: Path) -> None:
    """Each data folder has its own project."""
    assert project_name(tmp_path / "a") != project_name(tmp_path / "b")


# --- the mode is remembered -----------------------------------------------------------------------


def test_up_is_remembered_until_down(here: Settings, notes: Notes) -> None:
    """After `up --compose`, plain commands mean the containers, until `down`."""
    assert typed_line("up", "--compose", "kafka").exit_code == 0
    assert in_containers(here.data)
    shown = typed_line("status", "kafka", "--json")
    (row,) = json.loads(shown.stdout)
    assert (row["engine"], row["state"], row["memory_mb"]) == (
        "kafka",
        "healthy",
        512 * 2**20 / 1e6,
    )
    assert typed_line("logs", "kafka", "--lines", "2").stdout == "one\ntwo\n"
    assert notes.typed[-1] == ["logs", "--tail", "2", "kafka-id"]
    again = typed_line("up", "registry")
    assert again.exit_code == 0, again.stderr
    assert notes.state["there"] == dict.fromkeys(["kafka", "registry", "network"], "running")
    ended = typed_line("down")
    assert ended.stdout == "Stopped: kafka, registry.\n"
    assert notes.compose("down")[0][-1] == "down"
    assert not in_containers(here.data)


def test_down_of_one_engine_leaves_the_others(here: Settings, notes: Notes) -> None:
    """`down` with a name stops that one, and the rest stays in containers."""
    Compose(here).up(["kafka", "registry"])
    assert typed_line("down", "registry").stdout == "Stopped: registry.\n"
    assert notes.compose("stop")[0][-2:] == ["stop", "registry"]
    assert in_containers(here.data)


def test_what_was_started_by_hand_is_found(here: Settings, notes: Notes) -> None:
    """Containers of this data folder are known by their label, whatever their project."""
    claim(here.data)
    notes.set(there={"kafka": "running", "network": "running"}, project="byhand")
    assert typed_line("down", "--compose").stdout == "Stopped: kafka.\n"
    assert f"label=flightlib.data={here.data}" in notes.typed[0]
    words, _ = notes.compose("down")
    assert words[words.index("--project-name") + 1] == "byhand"


def test_processes_and_containers_are_not_mixed(here: Settings, notes: Notes) -> None:
    """`up --compose` beside engines that run as processes says what to type, and starts nothing."""
    claim(here.data)
    mark = f"-Dflightlib.data={here.data}"
    with subprocess.Popen(
        [sys.executable, "-c", "input()", mark, "-Dflightlib.engine=kafka"], stdin=subprocess.PIPE
    ) as process:
        with pytest.raises(MachineError, match="`flightlib down`"):
            Compose(here).up(["kafka"])
        process.terminate()
    assert not in_containers(here.data)
    assert not [words for words in notes.typed if "up" in words]


def test_reset_waits_until_the_containers_are_gone(here: Settings, notes: Notes) -> None:
    """While there are containers the data stay; afterwards `reset` empties the folder."""
    Compose(here).up(["kafka"])
    refused = typed_line("reset", "--yes")
    assert refused.exit_code == 1
    assert "`flightlib down`" in refused.stderr
    typed_line("down")
    assert typed_line("reset", "--yes").exit_code == 0


# --- what can go wrong ----------------------------------------------------------------------------


@pytest.mark.usefixtures("no_docker")
def test_without_docker_one_line_says_what_to_type(here: Settings) -> None:
    """No client on PATH: one line, with the way to go on without Docker."""
    result = typed_line("up", "--compose")
    assert result.exit_code == 1
    assert "There is no `docker` on this machine" in result.stderr
    assert "`flightlib up`" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not in_containers(here.data)


@pytest.mark.skipif(not shutil.which("docker"), reason="there is no docker client here")
def test_a_real_client_without_an_engine_is_one_line(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real client's own complaint is passed on, in one line, with what to type."""
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{HOST}:1")
    result = typed_line("up", "--compose")
    assert result.exit_code == 1
    assert "The engine of Docker does not answer" in result.stderr
    assert f"{HOST}:1" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not in_containers(here.data)


@pytest.mark.parametrize("found", ["2.19.0", "1.29.2"])
def test_an_old_compose_is_named(here: Settings, notes: Notes, found: str) -> None:
    """A plugin that is too old is named with the version that is needed."""
    notes.set(compose=found)
    with pytest.raises(MachineError, match=f"is {found}; allowed: 2.20.2"):
        Compose(here).up(["kafka"])


def test_an_old_engine_is_named(here: Settings, notes: Notes) -> None:
    """An engine that cannot look often at a container that starts is named with what can."""
    notes.set(api="1.43")
    with pytest.raises(MachineError, match="allowed: 25 or newer"):
        Compose(here).up(["kafka"])


def test_a_missing_plugin_is_named(here: Settings, notes: Notes) -> None:
    """A client without the plugin gets the name of the package."""
    notes.set(refuses={"compose": "docker: unknown command: docker compose"})
    with pytest.raises(MachineError, match=r"is missing.*docker-compose-plugin"):
        Compose(here).up(["kafka"])


def test_a_taken_port_is_named_before_anything_is_built(here: Settings, notes: Notes) -> None:
    """A port that another program holds ends `up` before the image is built."""
    with socket.socket() as server:
        server.bind((HOST, here.trino_port))
        server.listen()
        with pytest.raises(MachineError, match=r"Port \d+, .* FLIGHTLIB_TRINO_PORT=NUMBER"):
            Compose(here).up(["kafka"])
    assert not [words for words in notes.typed if "build" in words]


def test_a_failed_build_starts_nothing(here: Settings, notes: Notes) -> None:
    """An image that cannot be built ends `up`, and the mode stays as it was."""
    notes.set(codes={"build": 1})
    with pytest.raises(EngineFailed, match="not built"):
        Compose(here).up(["kafka"])
    assert not in_containers(here.data)


def test_what_compose_says_reaches_the_reader(
    here: Settings, notes: Notes, all_well: Callable[[bool], None]
) -> None:
    """When `docker compose up` fails its last line is the error."""
    all_well(False)
    notes.set(codes={"up": 1}, words={"up": "dependency failed to start: kafka exited (1)\n"})
    with pytest.raises(EngineFailed, match="dependency failed to start"):
        Compose(here).up(["kafka"])


def test_an_engine_that_keeps_dying_is_stopped_and_quoted(
    here: Settings, notes: Notes, all_well: Callable[[bool], None]
) -> None:
    """A container that Docker restarts again and again is stopped; the error ends with its log."""
    all_well(False)
    notes.set(restarts={"kafka": 3})
    with pytest.raises(EngineFailed, match="kafka keeps dying") as caught:
        Compose(here).up(["kafka"])
    assert str(caught.value).splitlines()[1:] == ["one", "two"]
    assert notes.state["there"]["kafka"] == "exited"


def test_down_goes_back_to_processes_when_docker_is_gone(here: Settings, notes: Notes) -> None:
    """Without Docker there are no containers: `down` says so and forgets them."""
    Compose(here).up(["kafka"])
    notes.set(refuses={"ps": "Cannot connect to the Docker daemon at unix:///nowhere."})
    result = typed_line("down")
    assert result.exit_code == 0
    assert "No container was stopped" in result.stdout
    assert not in_containers(here.data)


def test_status_shows_each_state(
    here: Settings, notes: Notes, all_well: Callable[[bool], None]
) -> None:
    """A row tells a container that is stopped, dying, silent, or was never made."""
    all_well(False)
    there = {"kafka": "exited", "registry": "restarting", "trino": "running", "sky": "running"}
    notes.set(there=there)
    states = {row.engine: row.state for row in Compose(here).status()}
    assert [states[name] for name in ("kafka", "registry", "trino", "sky", "catalog")] == [
        *("stopped", "dying", "silent", "silent", "stopped")
    ]


def test_within_a_container_status_asks_the_engines(
    here: Settings, no_docker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no Docker to ask, the engines' own answers are shown."""
    rows = Compose(here).status(["kafka"])
    assert [(row.state, row.healthy) for row in rows] == [("healthy", True)]


def test_doctor_looks_at_docker(here: Settings, notes: Notes) -> None:
    """`doctor --compose` checks the plugin, the engine, its memory and the published ports."""
    result = typed_line("doctor", "--compose", "--json")
    checks = {check["name"]: check for check in json.loads(result.stdout)}
    assert checks["compose"]["found"] == "2.39.1"
    assert checks["docker"]["found"] == "28.0.4"
    assert checks["memory"] | {"fix": ""} == checks["memory"]
    assert str(here.trino_port) in checks["ports"]["found"]
    notes.set(refuses={"version": "Cannot connect to the Docker daemon. Is it running?"})
    result = typed_line("doctor", "--compose")
    assert result.exit_code == 1
    assert "fail docker" in result.stdout


# --- small things ---------------------------------------------------------------------------------


def test_both_kinds_of_engines_have_one_face() -> None:
    """Whatever a command asks of engines as processes, engines in containers have too."""
    public = {name for name in vars(Local) if not name.startswith("_")}
    assert public == {name for name in vars(Compose) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("612.4MiB", 612.4 * 2**20 / 1e6), ("1.5GiB", 1.5 * 2**30 / 1e6), ("12kB", 0.012), ("--", 0)],
)
def test_amounts_of_memory_are_read(text: str, expected: float) -> None:
    """Docker's units of memory are told apart."""
    assert megabytes(text) == pytest.approx(expected)


def test_times_of_docker_are_read() -> None:
    """A start time has nanoseconds; the year 1 means never."""
    assert epoch_s("1970-01-02T00:00:00.123456789Z") == 86400
    assert epoch_s("0001-01-01T00:00:00Z") == 0


def test_a_note_that_is_damaged_is_no_trouble(tmp_path: Path) -> None:
    """A half-written note still means containers, without a token."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "containers.json").write_text("{", encoding="utf-8")
    assert in_containers(tmp_path)
    assert recall(tmp_path).token == ""
    forget(tmp_path)
    assert not in_containers(tmp_path)


def test_no_shell_is_between() -> None:
    """Docker is started with a list of words, never with a line for a shell to read."""
    for module in (docker, compose):
        assert "shell=" not in Path(module.__file__ or "").read_text(encoding="utf-8")
