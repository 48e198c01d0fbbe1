"""`flightlib demo` on real engines: its address, its reports, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from flightlib.engines import ENGINES, Local
from flightlib.engines.orphans import engine_processes, gone, managers
from flightlib.kafka import ensure_topics, message_count
from flightlib.settings import HOST, Settings

pytestmark = pytest.mark.stack
HEALTHY = re.compile(r"^(\w+) +healthy", re.MULTILINE)
# Nothing listens there: whatever still had to be fetched would fail.
NOWHERE = {"FLIGHTLIB_MAVEN_REPOSITORY": f"http://{HOST}:9", "PIP_INDEX_URL": f"http://{HOST}:9"}


def wait_for(condition: Callable[[], object], within_s: float = 90.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.1)


def flightlib(*words: str) -> subprocess.CompletedProcess[str]:
    """Run another command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "flightlib", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Demo:
    """A demo in a process of its own, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "output.txt"
        words = [sys.executable, "-m", "flightlib", "demo", "--no-browser", "--flights", "50"]
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [*words, "--folder", str(folder)],
                env={**os.environ, **NOWHERE},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )

    def said(self) -> str:
        """Give everything it printed so far."""
        return self.output.read_text(encoding="utf-8")

    def address(self) -> str:
        """Wait for the address of JupyterLab."""
        pattern = re.compile(r"JupyterLab: (http://\S+)\n")
        wait_for(lambda: pattern.search(self.said()) or self.process.poll() is not None)
        found = pattern.search(self.said())
        assert found, self.said()
        return found[1]

    def kill(self) -> None:
        """End it the hard way."""
        self.process.kill()
        self.process.wait(60)

    def start_kernel(self) -> None:
        """Have JupyterLab start a kernel, as an open notebook does."""
        root, token = self.address().split("lab/tree/")[0], self.address().split("token=")[1]
        head = {"Authorization": f"token {token}"}
        httpx.post(f"{root}api/kernels", headers=head, json={}, trust_env=False).raise_for_status()


def lab_processes(settings: Settings) -> list[psutil.Process]:
    """Find JupyterLab and its kernels by the data folder their environment names."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("FLIGHTLIB_DEMO") == str(settings.data) and not gone(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Demo]]:
    """Start demos that are ended with the test."""
    demos: list[Demo] = []

    def starts() -> Demo:
        demos.append(Demo(tmp_path))
        return demos[-1]

    yield starts
    for demo in demos:
        demo.process.terminate()
        demo.process.wait(60)


def test_nothing_is_left_of_a_killed_demo(
    kafka_stack: Settings, own_engines: Local, start: Callable[[], Demo]
) -> None:
    """After `kill -9` the next demo starts as usual, and `down` ends all that a killed one left."""
    ran = [row.engine for row in own_engines.status() if row.pid]
    first = start()
    first.start_kernel()
    wait_for(lambda: len(lab_processes(kafka_stack)) == 2)
    left = lab_processes(kafka_stack)
    first.kill()
    second = start()
    assert httpx.get(second.address(), trust_env=False).status_code == 200
    assert all(gone(process) for process in left)
    second.kill()
    assert lab_processes(kafka_stack)
    done = flightlib("down")
    assert done.returncode == 0, done.stderr
    assert "JupyterLab" in done.stdout
    assert lab_processes(kafka_stack) == []
    assert engine_processes(kafka_stack.data) == {}
    assert managers(kafka_stack.data / "run" / "supervisord.conf") == []
    own_engines.up(ran)


def test_a_demo_publishes_and_ends_cleanly(
    kafka_stack: Settings, start: Callable[[], Demo], tmp_path: Path
) -> None:
    """Reports flow while it is open; an orderly kill ends JupyterLab, and the engines go on."""
    ensure_topics(kafka_stack)
    before = message_count("flights", kafka_stack)
    demo = start()
    demo.start_kernel()
    assert (tmp_path / "notebooks" / "01_kafka_to_map.ipynb").is_file()
    wait_for(lambda: len(lab_processes(kafka_stack)) == 2)
    wait_for(lambda: message_count("flights", kafka_stack) > before + 100)
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(60) == 0, demo.said()
    assert lab_processes(kafka_stack) == []
    assert "Traceback" not in demo.said()
    assert "acknowledged" in demo.said()
    assert all(row.healthy for row in Local(kafka_stack).status(["kafka", "registry"]))


def test_a_demo_is_one_and_needs_no_network(stack: Settings, start: Callable[[], Demo]) -> None:
    """With the files here nothing is fetched; a second demo says in one line where the first is."""
    demo = start()
    page = httpx.get(demo.address(), trust_env=False)
    assert page.status_code == 200
    assert "apputils-extension:announcements" in page.text  # no pop-up over the map
    wait_for(lambda: len(HEALTHY.findall(demo.said())) == len(ENGINES))
    assert "fetch" not in demo.said()
    second = flightlib("demo", "--no-browser")
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith(f"A demo is running already (JupyterLab: {demo.address()})")
    assert len(second.stderr.splitlines()) == 1
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) == 0, demo.said()
    assert lab_processes(stack) == []
