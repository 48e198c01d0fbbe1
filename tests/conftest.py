"""One set of real engines for the whole session, beside any that this user runs already.

`kafka_stack` has Kafka and the registry, `stack` has all engines; both are the same instance, on
ports and with a data folder of its own. While it is up the environment says where it is, so that
notebooks and commands started by a test find it. At the end nothing of it may be left.

Two processes run the tests: one has all that need `stack`, and after them the measurements; the
other has the rest, with a Kafka of its own where it is asked for one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flightlib.engines import Local
from flightlib.engines.folder import run_folder
from flightlib.engines.names import ENGINES, ports
from flightlib.engines.orphans import engine_processes, managers
from flightlib.engines.ports import free_ports, taken
from flightlib.settings import PLACES, Access, Settings, load, variable

MEASUREMENTS = "test_measure"  # have engines of their own, and are told of too much beside others


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file's tests together, and those of all files that share engines."""
    shared = {item.path for item in items if "stack" in getattr(item, "fixturenames", ())}
    for item in items:
        together = item.path in shared or item.path.stem == MEASUREMENTS
        item.add_marker(pytest.mark.xdist_group("engines" if together else str(item.path)))
    items.sort(key=lambda item: _turn(item, shared))


def _turn(item: pytest.Item, shared: set[Path]) -> int:
    """Say when a test's turn is: those that take long come first, the measurements at the end."""
    if item.path.stem == MEASUREMENTS:
        return 1
    slow = any(item.get_closest_marker(name) for name in ("stack", "browser"))
    return 0 if item.path in shared else 2 if slow else 3


def own_ports() -> dict[str, str]:
    """Give every port variable a free port."""
    names = [name for name in Settings.model_fields if name.endswith("_port")]
    numbers = free_ports(len(names))
    return {f"FLIGHTLIB_{n.upper()}": str(p) for n, p in zip(names, numbers, strict=True)}


@pytest.fixture(scope="session")
def own_engines() -> Iterator[Local]:
    """Engines on ports of their own, none started yet; at the end all are down and all is gone.

    The data folder has a space in its name, as the usual one has on macOS.
    """
    data = Path(tempfile.mkdtemp(prefix="flightlib test-"))
    with pytest.MonkeyPatch.context() as patch:
        for name in (*PLACES, *Access.model_fields):  # engines of these tests are local
            patch.delenv(variable(name), raising=False)
        for name, value in {**own_ports(), "FLIGHTLIB_DATA": str(data)}.items():
            patch.setenv(name, value)
        local = Local(load())
        yield local
        try:
            local.down()
            assert_nothing_left(local.settings)
            local.reset()
        finally:
            shutil.rmtree(data, ignore_errors=True)


def assert_nothing_left(settings: Settings) -> None:
    """Fail if any process or port of these engines is still in use."""
    assert engine_processes(settings.data) == {}
    assert managers(run_folder(settings.data) / "supervisord.conf") == []
    numbers = [port for engine in ENGINES for port in ports(settings, engine).values()]
    assert [port for port in numbers if taken(port)] == []


@pytest.fixture(scope="session")
def kafka_stack(own_engines: Local) -> Settings:
    """The settings of a running Kafka and registry."""
    own_engines.up(["kafka", "registry"])
    return own_engines.settings


@pytest.fixture(scope="session")
def stack(kafka_stack: Settings, own_engines: Local) -> Settings:
    """The settings of all engines, running."""
    own_engines.up()
    return kafka_stack
