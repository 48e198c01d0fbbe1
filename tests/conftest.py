"""One set of real engines for the whole session, beside any that this user runs already.

`kafka_stack` has Kafka and the registry, `stack` has all engines; both are the same instance, on
ports and with a data folder of its own. While it is up the environment says where it is, so that
notebooks and commands started by a test find it. At the end nothing of it may be left.

Two processes run the tests: one has all that need engines or a browser, the other has the rest.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from flightlib.engines import Local
from flightlib.engines.folder import run_folder
from flightlib.engines.names import ENGINES, ports
from flightlib.engines.orphans import engine_processes, managers
from flightlib.engines.ports import free_ports, taken
from flightlib.settings import PLACES, Access, Settings, load, variable

ENGINES_IN = ("browser/", "stack/", "docker/test_compose_played", "notebooks/test_run")
"""The files whose tests need engines or a browser."""
LAST = "test_measure"  # is told of too much while others run beside it


class Scheduling(LoadFileScheduling):
    """Gives one process the files that need engines, and the other file by file what is left."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "engines" if file.removeprefix("tests/").startswith(ENGINES_IN) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Let two processes share the tests."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that need engines, and end them with the measurements.

    In one process they come last, since tests without engines expect that none answers. Fails if
    two tests have one name: of those only the first would be run.
    """
    if twice := [name for name, n in Counter(item.nodeid for item in items).items() if n > 1]:
        raise pytest.UsageError(f"Several tests are called {twice[0]}: give each its own name.")
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Say when a test's turn is. Fails if it needs engines where none are expected."""
    needs = any(item.get_closest_marker(name) for name in ("stack", "browser"))
    inside = item.nodeid.removeprefix("tests/").startswith(ENGINES_IN)
    if needs and not inside:
        raise pytest.UsageError(f"{item.nodeid} needs engines: add its file to ENGINES_IN.")
    if not inside:
        return 2 if "PYTEST_XDIST_WORKER" in os.environ else -1
    return 1 if item.path.stem == LAST else 0


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
