"""The engines as real processes: healthy together, watched, restarted, ended without a trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from known import pids

from flightlib.engines import ENGINES, Local, Statuses, classes
from flightlib.engines.commands import command
from flightlib.engines.layout import home, java
from flightlib.engines.names import FIRST
from flightlib.engines.orphans import engine_processes, gone, managers
from flightlib.engines.ports import free_ports
from flightlib.errors import MachineError
from flightlib.kafka import ensure_topics, topics
from flightlib.settings import HOST, Settings, load

pytestmark = pytest.mark.stack


def wait_for(condition: Callable[[], bool], within_s: float = 120.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.1)


def all_healthy(rows: Statuses) -> bool:
    """Whether every engine is healthy and is our own process."""
    return all(row.state == "healthy" and row.pid for row in rows)


def one_each(settings: Settings) -> dict[str, int]:
    """Count the processes of each engine."""
    return {name: len(found) for name, found in engine_processes(settings.data).items()}


def test_every_engine_is_healthy_and_small(stack: Settings, own_engines: Local) -> None:
    """`up` returns with all engines healthy, in less than 3 GB together."""
    own_engines.down(["flink"])  # what Flink holds after the work of other tests is not idle
    own_engines.up()
    rows = own_engines.status()
    assert [row.engine for row in rows] == list(ENGINES)
    assert all_healthy(rows), str(rows)
    assert 0 < rows.memory_mb < 3000


def test_status_tells_the_truth(stack: Settings, own_engines: Local) -> None:
    """Each row names the one living process of its engine, its age and its memory."""
    for row in own_engines.status():
        process = psutil.Process(row.pid or 0)
        assert f"-Dflightlib.engine={row.engine}" in process.cmdline()
        assert row.memory_mb is not None
        assert row.memory_mb > 20
        assert row.uptime_s is not None
        assert abs(time.time() - process.create_time() - row.uptime_s) < 5
    assert one_each(stack) == dict.fromkeys(ENGINES, 1)


def test_everything_listens_on_loopback_only(stack: Settings) -> None:
    """No engine, and not the process manager either, listens on another address."""
    processes = [p for found in engine_processes(stack.data).values() for p in found]
    processes += managers(stack.data / "run" / "supervisord.conf")
    listening = {
        (process.pid, connection.laddr.ip, connection.laddr.port)
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or connection.type.name == "SOCK_DGRAM"
    }
    assert len(listening) >= len(ENGINES)
    assert {ip for _, ip, _ in listening} <= {HOST, "::1", f"::ffff:{HOST}"}


def test_engines_may_open_enough_files(stack: Settings) -> None:
    """Trino and Kafka need thousands of open files, also where a shell allows 256."""
    if not hasattr(psutil.Process, "rlimit"):
        pytest.skip("this system does not say how many files another process may open")
    for found in engine_processes(stack.data).values():
        assert found[0].rlimit(psutil.RLIMIT_NOFILE)[0] >= 8192


@pytest.mark.parametrize("kind", ["JM", "TM"])
def test_flink_memory_is_what_its_own_scripts_compute(stack: Settings, kind: str) -> None:
    """The fixed memory flags are those that Flink computes from its configuration file."""
    engine = {"JM": "jobmanager", "TM": "taskmanager"}[kind]
    ours = command(stack, engine)
    folder = home(stack, engine)
    classes = [folder / "bin" / "bash-java-utils.jar", *(folder / "lib").glob("flink-dist-*.jar")]
    done = subprocess.run(
        [
            str(java(stack, engine)),
            *("-cp", ":".join(map(str, classes))),
            "org.apache.flink.runtime.util.bash.BashJavaUtils",
            f"GET_{kind}_RESOURCE_PARAMS",
            *("--configDir", ours.env["FLINK_CONF_DIR"]),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
    lines = [x.split(mark)[1] for x in done.stdout.splitlines() if mark in x]
    assert len(lines) == 2, done.stdout
    wanted = {word for line in lines for word in line.split() if word != "-D"}
    assert wanted <= {word.removeprefix("-D") for word in ours.argv} | set(ours.argv)


def test_a_second_up_changes_nothing(stack: Settings, own_engines: Local) -> None:
    """`up` on a running stack restarts no engine and starts no second one."""
    before = pids(own_engines)
    said: list[tuple[str, str]] = []
    own_engines.up(report=lambda engine, state: said.append((engine, state)))
    assert pids(own_engines) == before
    assert said == [(engine, "healthy") for engine in ENGINES]


def test_two_ups_at_once_start_one_set(stack: Settings, own_engines: Local) -> None:
    """Two `flightlib up` started together leave one process per engine."""
    own_engines.down(["catalog"])
    both = [
        subprocess.Popen([sys.executable, "-m", "flightlib", "up", "catalog"]) for _ in range(2)
    ]
    assert [one.wait(120) for one in both] == [0, 0]
    assert one_each(stack) == dict.fromkeys(ENGINES, 1)


def test_one_engine_stops_and_the_others_go_on(stack: Settings, own_engines: Local) -> None:
    """`down ENGINE` ends that engine alone, and `up` brings it back."""
    before = pids(own_engines)
    own_engines.down(["gateway"])
    after = pids(own_engines)
    assert after == {**before, "gateway": None}
    assert [row.state for row in own_engines.status(["gateway"])] == ["stopped"]
    own_engines.up(["gateway"])
    assert all_healthy(own_engines.status(["gateway"]))


def test_data_is_not_deleted_under_running_engines(stack: Settings, own_engines: Local) -> None:
    """`reset` refuses while engines run, and nothing is gone."""
    with pytest.raises(MachineError, match="flightlib down"):
        own_engines.reset()
    assert (stack.data / "kafka" / "meta.properties").is_file()
    assert all_healthy(own_engines.status())


def test_logs_show_what_an_engine_wrote(stack: Settings, own_engines: Local) -> None:
    """`logs` gives the last lines, as many as asked for."""
    assert any("Kafka Server started" in line for line in own_engines.logs("kafka", 500))
    assert len(own_engines.logs("trino", 3)) == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_engine_comes_back(stack: Settings, own_engines: Local, engine: str) -> None:
    """An engine that is killed is healthy again by itself, as one new process, and is counted."""
    before = own_engines.status([engine])[0]
    os.kill(before.pid or 0, signal.SIGKILL)

    def back() -> bool:
        row = own_engines.status([engine])[0]
        return row.state == "healthy" and row.pid not in (None, before.pid)

    wait_for(back)
    assert own_engines.status([engine])[0].restarts == before.restarts + 1
    wait_for(lambda: all_healthy(own_engines.status()))
    assert one_each(stack) == dict.fromkeys(ENGINES, 1)


def kill_manager(settings: Settings) -> None:
    """End the process manager the hard way; its engines live on."""
    (manager,) = managers(settings.data / "run" / "supervisord.conf")
    manager.kill()
    wait_for(lambda: gone(manager), 10)


def test_up_after_the_manager_was_killed(stack: Settings, own_engines: Local) -> None:
    """Engines that lost their process manager are named, replaced, and never doubled."""
    left = [p for found in engine_processes(stack.data).values() for p in found]
    kill_manager(stack)
    assert {row.state for row in own_engines.status()} == {"unwatched"}
    own_engines.up(FIRST)  # what else was running comes back as well
    assert all_healthy(own_engines.status())
    assert one_each(stack) == dict.fromkeys(ENGINES, 1)
    assert all(gone(process) for process in left)


def test_down_after_the_manager_was_killed(stack: Settings, own_engines: Local) -> None:
    """`down` ends engines that lost their process manager; their data is there at the next `up`."""
    ensure_topics(stack)
    tables = httpx.get(f"{stack.catalog}/v1/namespaces").json()
    kill_manager(stack)
    own_engines.down()
    assert engine_processes(stack.data) == {}
    assert {row.state for row in own_engines.status()} == {"stopped"}
    own_engines.up()
    assert {"flights", "processed_flights"} <= set(topics(stack))
    assert httpx.get(f"{stack.catalog}/v1/namespaces").json() == tables
    assert all_healthy(own_engines.status())


def test_other_processes_are_left_alone(stack: Settings, tmp_path: Path) -> None:
    """Engines of another data folder are not ours to end."""
    assert engine_processes(tmp_path) == {}
    Local(stack.model_copy(update={"data": tmp_path})).down()
    assert one_each(stack) == dict.fromkeys(ENGINES, 1)


def test_engines_start_from_the_classes_that_their_last_end_left(
    kafka_stack: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An orderly end leaves archives, the next start reads them, and a damaged one is made anew."""
    root = tmp_path_factory.mktemp("fl")
    (root / "homes").symlink_to(kafka_stack.cache / "homes")
    names = [name for name in Settings.model_fields if name.endswith("_port")]
    numbers = dict(zip(names, free_ports(len(names)), strict=True))
    settings = load(**numbers, cache=root, data=root / "data")
    local, damaged = Local(settings), classes.archive(settings, "kafka")
    try:
        local.up(classes.ARCHIVED)
        assert not any(has_mapped(local, engine) for engine in classes.ARCHIVED)
        local.down()
        damaged.chmod(0o600)
        with damaged.open("r+b") as opened:  # as one that was killed while it wrote leaves it
            opened.write(bytes(4096))
        local.up(classes.ARCHIVED)
        assert [one for one in classes.ARCHIVED if not has_mapped(local, one)] == ["kafka"]
        local.down()
        local.up(["kafka"])
        assert has_mapped(local, "kafka")
    finally:
        local.down()
        local.reset()


def has_mapped(local: Local, engine: str) -> bool:
    """Whether an engine's process takes classes from its archive."""
    if sys.platform != "linux":
        pytest.skip("elsewhere a process does not tell which files it has mapped")
    maps = psutil.Process(pids(local)[engine] or 0).memory_maps()
    return str(classes.archive(local.settings, engine)) in {one.path for one in maps}
