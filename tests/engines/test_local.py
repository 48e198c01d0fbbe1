"""Ports, locks, leftovers and a real process manager, with small processes in place of engines."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from flightlib.engines import Local, local
from flightlib.engines.commands import Command, marker
from flightlib.engines.folder import claim, locked
from flightlib.engines.manager import Manager, ManagerGone
from flightlib.engines.orphans import end, engine_processes, gone, managers
from flightlib.engines.ports import check, holder, taken
from flightlib.errors import EngineFailed, MachineError, SettingError
from flightlib.settings import HOST, Settings, load

SLEEP = "import time; time.sleep(300)"


def wait_for(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def here(tmp_path: Path, listener: int) -> Settings:
    """Settings with a data folder of their own, and Kafka's port taken by this process."""
    return load(data=tmp_path / "data", kafka_port=listener)


def sleeper(*words: str, script: str = SLEEP) -> subprocess.Popen[bytes]:
    """Start a process that carries these words in its command line."""
    return subprocess.Popen([sys.executable, "-c", script, *words])


def test_a_taken_port_is_named_with_its_holder(here: Settings, listener: int) -> None:
    """The error names the port, who holds it and the variable that moves it."""
    assert taken(listener)
    with pytest.raises(MachineError) as caught:
        check(here, ["registry", "kafka"] if not taken(here.registry_port) else ["kafka"])
    said = str(caught.value)
    assert f"Port {listener}, which kafka needs" in said
    assert f"process {psutil.Process().pid}" in said
    assert "FLIGHTLIB_KAFKA_PORT=NUMBER" in said
    assert "\n" not in said


def test_a_free_port_is_free() -> None:
    """A port nobody listens on is not reported, and has no holder."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        port = trial.getsockname()[1]
    assert not taken(port)
    assert holder(port) == "another program"


def test_up_stops_at_a_taken_port_before_anything_else(here: Settings) -> None:
    """With a port taken, `up` fetches nothing and starts nothing."""
    with pytest.raises(MachineError, match="FLIGHTLIB_KAFKA_PORT"):
        Local(here).up(["kafka"])
    assert not (here.data / "run").exists()


def test_a_leftover_is_known_by_its_command_line(tmp_path: Path) -> None:
    """Only a process with this very data folder in its command line counts as an engine of it."""
    words = (marker(tmp_path), "-Dflightlib.engine=kafka")
    ours, other = sleeper(*words), sleeper(marker(tmp_path / "other"), words[1])
    try:
        wait_for(lambda: bool(engine_processes(tmp_path)))
        found = engine_processes(tmp_path)
        assert {name: [p.pid for p in ps] for name, ps in found.items()} == {"kafka": [ours.pid]}
        end(found["kafka"])
        assert ours.wait(10) != 0
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()


def test_a_reused_process_number_is_not_signalled() -> None:
    """A handle whose creation time is another one's ends nothing."""
    child = sleeper()
    try:
        stale = psutil.Process(child.pid)
        stale._create_time = 1.0
        stale._ident = (child.pid, 1.0)
        end([stale])
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_process_that_ignores_the_request_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not stop when asked is made to."""
    monkeypatch.setattr("flightlib.engines.orphans.TERM_WAIT_S", 0.2)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{deaf}; time.sleep(300)"], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    with child.stdout as said:
        said.readline()
        process = psutil.Process(child.pid)
        end([process])
    assert gone(process)
    assert child.wait(10) == -9


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second holder of the data folder says that it waits, and waits for the first."""
    claim(tmp_path / "data")
    order: list[str] = []
    waiting = threading.Event()

    def say(text: str) -> None:
        order.append(text)
        waiting.set()

    def second() -> None:
        with locked(tmp_path / "data", say):
            order.append("second")

    with locked(tmp_path / "data", say):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order[1:] == ["first", "second"]
    assert "waiting" in order[0]


def test_down_where_nothing_ever_ran(here: Settings) -> None:
    """`down` and `reset` before any `up` do nothing and make nothing."""
    Local(here).down()
    Local(here).reset()
    assert not here.data.exists()


def test_logs_of_an_unknown_engine(here: Settings) -> None:
    """`logs` wants one engine; a group or a wrong name is refused with what is allowed."""
    with pytest.raises(SettingError, match="allowed: jobmanager, taskmanager, gateway"):
        Local(here).logs("flink")
    with pytest.raises(SettingError, match="Did you mean 'kafka'"):
        Local(here).logs("kaffka")
    assert Local(here).logs("kafka") == []


def test_status_of_a_machine_with_nothing(here: Settings) -> None:
    """Without engines each row says stopped, with the address they would have."""
    rows = Local(here).status(["jobmanager", "gateway"])
    assert {row.engine for row in rows} == {"jobmanager", "gateway"}
    assert all(row.pid is None and row.restarts == 0 for row in rows)
    assert "<table>" in rows._repr_html_()


class Scene:
    """A real process manager over processes that stand where Kafka and the registry would."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.local = Local(settings)
        self.manager = Manager(settings)
        self.scripts = {"kafka": SLEEP, "registry": SLEEP}

    def command(self, settings: Settings, engine: str) -> Command:
        """Give the command of a process that stands for an engine."""
        words = (marker(settings.data), f"-Dflightlib.engine={engine}")
        argv = (sys.executable, "-c", self.scripts[engine], *words)
        return Command(engine, argv, {"FLIGHTLIB_DATA": str(settings.data)}, settings.data)

    def runs(self, settings: Settings, engine: str, _since_s: float) -> bool:
        """Say whether the process has become what it stands for."""
        return engine in engine_processes(settings.data)

    def pid(self, engine: str) -> int:
        """The process that stands for an engine now."""
        return self.manager.states()[engine].pid


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The supervisor itself is real; only what it runs is small, and is healthy when it runs."""
    scene = Scene(load(cache=tmp_path, data=tmp_path / "a folder" / "data"))
    monkeypatch.setattr(local, "ENGINES", ("kafka", "registry"))
    monkeypatch.setattr(local, "command", scene.command)
    monkeypatch.setattr(local, "prepare", lambda *_: None)
    monkeypatch.setattr(local, "prepare_folder", lambda *_: None)
    monkeypatch.setattr(local, "healthy", scene.runs)
    monkeypatch.setattr(local.ports, "check", lambda *_: None)
    yield scene
    scene.local.down()
    assert engine_processes(scene.settings.data) == {}
    assert managers(scene.manager.config) == []


def test_up_twice_then_down(scene: Scene) -> None:
    """`up` starts what is named, again changes nothing, more adds to it, `down` leaves nothing."""
    scene.local.up(["kafka"])
    first = scene.pid("kafka")
    scene.local.up(["kafka", "registry"])
    assert scene.pid("kafka") == first
    assert scene.pid("registry")
    scene.local.down()
    assert not scene.manager.running()
    with pytest.raises(ManagerGone):
        scene.manager.states()


def test_it_outlives_whoever_started_it(scene: Scene) -> None:
    """The process manager has a session of its own, so a closing terminal does not end it."""
    scene.local.up(["kafka"])
    (manager,) = managers(scene.manager.config)
    mine = {p.pid for p in psutil.Process().children(recursive=True)}
    assert manager.pid not in mine
    assert manager.terminal() is None


def test_a_changed_command_restarts_only_its_engine(scene: Scene) -> None:
    """After a setting changed, `up` restarts the engines it concerns, also one not named."""
    scene.local.up(["kafka", "registry"])
    kafka, registry = scene.pid("kafka"), scene.pid("registry")
    scene.scripts["registry"] = f"{SLEEP}; changed = True"
    scene.local.up(["kafka"])
    assert scene.pid("kafka") == kafka
    assert scene.pid("registry") not in (0, registry)


def test_a_killed_process_manager_leaves_no_double(scene: Scene) -> None:
    """`up` after kill -9 of the process manager replaces what it left behind."""
    scene.local.up(["kafka", "registry"])
    left = [p for found in engine_processes(scene.settings.data).values() for p in found]
    managers(scene.manager.config)[0].kill()
    wait_for(lambda: not managers(scene.manager.config))
    scene.local.up(["kafka"])
    assert all(gone(process) for process in left)
    now = engine_processes(scene.settings.data)
    assert {name: len(found) for name, found in now.items()} == {"kafka": 1, "registry": 1}


def test_an_engine_that_cannot_run_is_named_with_its_last_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that dies at once fails `up` with its name and what it said, without its frames."""
    monkeypatch.setattr(local, "healthy", lambda *_: False)
    scene.scripts["kafka"] = "print('no disk left\\n\\tat some.Frame(X.java)'); raise SystemExit(3)"
    scene.settings.data.mkdir(parents=True)
    with pytest.raises(EngineFailed, match=r"(?s)kafka .*no disk left") as caught:
        scene.local.up(["kafka"])
    assert "some.Frame" not in str(caught.value)
    assert str(scene.settings.data / "logs" / "kafka.log") in str(caught.value)


def test_reset_waits_for_down(scene: Scene) -> None:
    """`reset` refuses while an engine runs, and empties the folder afterwards."""
    scene.local.up(["kafka"])
    with pytest.raises(MachineError, match="flightlib down"):
        scene.local.reset()
    scene.local.down()
    scene.local.reset()
    assert not (scene.settings.data / "logs").exists()
