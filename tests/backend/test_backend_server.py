"""The backend in this process: one at a time, on a free port, gone when stopped."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from flightlib import backend
from flightlib.errors import MachineError, SettingError
from flightlib.settings import Settings, load


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def nowhere(free_port: int) -> Iterator[Settings]:
    """Settings with a free backend port and no Kafka; the backend is stopped afterwards."""
    yield load(backend_port=free_port, kafka_port=1)
    backend.stop()


def test_starting_twice_gives_the_same_backend(nowhere: Settings) -> None:
    """A second start is harmless, and `current` finds it."""
    first = backend.start(nowhere)
    assert backend.start(nowhere) is first
    assert backend.current() is first
    assert first.url == f"http://127.0.0.1:{nowhere.backend_port}"
    assert first.note == ""
    assert httpx.get(first.url, trust_env=False).json()["name"] == "flightlib"


def test_a_taken_port_gives_the_next_and_says_so(nowhere: Settings) -> None:
    """When the port is in use the backend listens on another and notes which was taken."""
    with socket.create_server(("127.0.0.1", nowhere.backend_port)):
        running = backend.start(nowhere)
        assert running.url != f"http://127.0.0.1:{nowhere.backend_port}"
        assert str(nowhere.backend_port) in running.note
        assert running.note in str(running)
        assert httpx.get(running.url, trust_env=False).status_code == 200


def test_stopping_frees_the_port(nowhere: Settings) -> None:
    """After stop nothing answers, the port can be taken, and stopping again is harmless."""
    running = backend.start(nowhere)
    backend.stop()
    assert backend.current() is None
    assert not running.running
    with socket.create_server(("127.0.0.1", nowhere.backend_port)):
        backend.stop()


def test_other_settings_mean_another_backend(nowhere: Settings) -> None:
    """Starting with other settings replaces the backend instead of lying about it."""
    first = backend.start(nowhere)
    second = backend.start(load(backend_port=nowhere.backend_port, kafka_port=2))
    assert not first.running
    assert backend.current() is second


def test_the_backend_listens_on_this_machine_alone(nowhere: Settings) -> None:
    """The socket is bound to the loopback address."""
    running = backend.start(nowhere)
    assert running.url.startswith("http://127.0.0.1:")
    with socket.socket() as other:
        other.settimeout(2)
        address = _own_address()
        if address is None:
            pytest.skip("this machine has no address but loopback")
        assert other.connect_ex((address, nowhere.backend_port)) != 0


def _own_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: connecting a datagram socket only chooses the way out.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def test_without_kafka_health_says_so_and_lives(nowhere: Settings) -> None:
    """The backend starts without Kafka, is healthy, not ready, and names what to type."""
    told = httpx.get(backend.start(nowhere).url + "/healthz", timeout=20, trust_env=False).json()
    assert (told["status"], told["ready"]) == ("ok", False)
    assert told["topics"]["flights"]["kafka"] == "down"
    assert "flightlib up" in told["topics"]["flights"]["message"]


def test_a_port_that_was_asked_for_must_be_free(nowhere: Settings) -> None:
    """Serving on a given port that is taken is an error that names it, not another port."""
    with (
        socket.create_server(("127.0.0.1", nowhere.backend_port)),
        pytest.raises(MachineError, match=f"Port {nowhere.backend_port} is taken"),
    ):
        backend.serve(nowhere, port=nowhere.backend_port)


def test_a_wrong_pattern_of_origins_is_one_line(nowhere: Settings) -> None:
    """A setting that is no regular expression is refused at start, by its name."""
    with pytest.raises(SettingError, match="FLIGHTLIB_CORS_ORIGINS cannot be"):
        backend.create_app(load(cors_origins="https://(x"))


def test_a_process_that_just_ends_leaves_quietly(free_port: int) -> None:
    """A program that never calls stop ends at once, without a word of complaint."""
    program = (
        "import logging, httpx; from flightlib import backend, settings\n"
        "logging.basicConfig(level=logging.WARNING)\n"
        f"s = settings.load(backend_port={free_port}, kafka_port=1)\n"
        "httpx.get(backend.start(s).url + '/healthz', timeout=20, trust_env=False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
