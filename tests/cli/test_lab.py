"""One demo at a time, and what a killed one leaves: with small processes for JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flightlib.cli import app, lab
from flightlib.engines.folder import claim
from flightlib.errors import SettingError
from flightlib.settings import Settings, load


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Settings with a data folder of their own."""
    return load(data=tmp_path / "data")


@pytest.fixture
def kernel(here: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the environment that a demo gives to its JupyterLab."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        env={**os.environ, "FLIGHTLIB_DEMO": str(here.data)},
    )
    yield process
    process.kill()
    process.communicate()


def test_what_a_killed_demo_left_is_ended(here: Settings, kernel: subprocess.Popen[bytes]) -> None:
    """With no demo running, its processes are ended; those of another data folder are not."""
    claim(here.data)
    other = here.model_copy(update={"data": here.data.with_name("other")})
    claim(other.data)
    assert not lab.end_leftovers(other)
    assert kernel.poll() is None
    assert lab.end_leftovers(here)
    assert kernel.wait(10) != 0
    assert not lab.end_leftovers(here)


def test_the_next_demo_ends_what_is_left(here: Settings, kernel: subprocess.Popen[bytes]) -> None:
    """A demo that starts takes the place of one that was killed."""
    with lab.only_one(here):
        assert kernel.wait(10) != 0


def test_one_demo_at_a_time(here: Settings) -> None:
    """While a demo runs another is refused, and `down` and `reset` leave it alone."""
    with lab.only_one(here):
        with pytest.raises(lab.DemoRunning, match=f"kill {os.getpid()}"), lab.only_one(here):
            pass
        assert not lab.end_leftovers(here)
        environment = {"FLIGHTLIB_DATA": str(here.data)}
        refused = CliRunner().invoke(app, ["reset", "--yes"], env=environment)
        assert refused.exit_code == 1
        assert "Ctrl-C where it runs" in refused.stderr
        assert "still open" in CliRunner().invoke(app, ["down"], env=environment).stdout
    assert lab.running_demo(here) is None
    with lab.only_one(here):
        pass


def test_a_demo_respects_other_folders(here: Settings) -> None:
    """A data folder with someone's files in it is refused before anything is written."""
    here.data.mkdir()
    (here.data / "thesis.txt").touch()
    with pytest.raises(SettingError, match="not flightlib's"), lab.only_one(here):
        pass
    assert [path.name for path in here.data.iterdir()] == ["thesis.txt"]


def ended(code: int, log: Path) -> lab.Server:
    """A server that ends with this code."""
    return lab.Server(subprocess.Popen([sys.executable, "-c", f"exit({code})"]), "", log)


def test_a_jupyterlab_that_breaks_is_told(tmp_path: Path) -> None:
    """One shut down from its menu is no failure; one that ends otherwise shows its last words."""
    log = tmp_path / "jupyterlab.log"
    log.write_text("first\nno room left\n", encoding="utf-8")
    ended(0, log).wait()
    with pytest.raises(lab.LabFailed, match=r"no room left.*flightlib demo"):
        ended(3, log).wait()
