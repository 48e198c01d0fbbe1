"""JupyterLab with a notebook of a measurement's own, open in a page of a real browser."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from flightlib.engines import free_ports
from flightlib.errors import MeasureError
from flightlib.live.link import caller
from flightlib.measure import chromium, near
from flightlib.measure.bench import Bench
from flightlib.settings import HOST

T = TypeVar("T")

SHARED = "jupyterlab"
"""By this name figures share one JupyterLab, where they may."""
LOG = "jupyterlab.log"
TOKEN = "open"
SETTINGS = {
    "themes": {"theme": "JupyterLab Dark"},
    "notification": {"fetchNews": "false", "checkForUpdates": False},
}
LEFT_S = 5.0
LIVE_WITHIN_S = 240.0
LOOK_MS = 50
CHECK_S = 0.5
BEGUN_WITHIN_S, AGAIN_S = 120.0, 20.0
# Whether a cell runs ([*]) or has run ([1]).
BEGUN = r"""() => [...document.querySelectorAll('.jp-Notebook .jp-InputPrompt')]
  .some((prompt) => /\[[*\d]/.test(prompt.textContent))"""
# What the notebook shows instead of a map: the last words of an error.
FAILED = """() => [...document.querySelectorAll('.jp-OutputArea-output')]
  .map((one) => one.textContent.trim()).filter(Boolean).join(' ').slice(-200)"""
# In the line below, once the kernel is there and free. A notebook that has none yet runs no cell.
IDLE = "Python 3 (ipykernel) | Idle"
# What the first live widget of the page says about itself.
SAYS = "() => ({...document.querySelector('.flightlib')?.dataset})"


class Lab:
    """A notebook that is open in JupyterLab, and the page that shows it."""

    def __init__(self, page: Any, process: subprocess.Popen[bytes]) -> None:
        self.page, self._process = page, process
        self.failures: list[str] = []
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        self._tools = page.context.new_cdp_session(page)
        self._tools.send("Performance.enable")

    def run_all(self) -> None:
        """Run every cell by the menu, as a person does; again, if no cell took it for its own."""
        end_s = time.monotonic() + BEGUN_WITHIN_S
        while time.monotonic() < end_s:
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            again_s = time.monotonic() + AGAIN_S
            while time.monotonic() < again_s:
                if self.page.evaluate(BEGUN):
                    return
                self.wait(LOOK_MS / 1000)
        raise MeasureError(
            f"The notebook's cells had not begun {BEGUN_WITHIN_S:g} s after Run All."
        )

    def says(self) -> dict[str, str]:
        """Give what the first live widget says about itself: its state, frames, flights."""
        told: dict[str, str] = self.page.evaluate(SAYS)
        return told

    def live(self, flights: int = 1) -> None:
        """Wait until the map is live, has its ground, and shows so many flights."""

        def shown() -> bool:
            told = self.says()
            there = told.get("state") == "live" and "ready" in told
            return there and int(told.get("flights", 0)) >= flights

        def what() -> str:
            seen = f"it says {self.says()}, the notebook {self.page.evaluate(FAILED)!r}"
            return f"a live map of {flights:,} flights ({seen})"

        self.until(shown, what, LIVE_WITHIN_S)

    def wait(self, seconds: float) -> None:
        """Let time pass for the page; raises MeasureError when JupyterLab has ended meanwhile."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._check()
            self.page.wait_for_timeout(min(left_s, CHECK_S) * 1000)

    def until(self, condition: Callable[[], T], what: Callable[[], str], within_s: float) -> T:
        """Wait until something is so, and give it; raises MeasureError naming what did not come."""
        deadline_s = time.monotonic() + within_s
        while not (found := condition()):
            self._check()
            if time.monotonic() > deadline_s:
                raise MeasureError(f"Waited {within_s:g} s for {what()}, and it did not come.")
            self.page.wait_for_timeout(LOOK_MS)
        return found

    def heap_mb(self) -> float:
        """Collect what the page's scripts no longer need, and give the MB that they still hold."""
        self._tools.send("HeapProfiler.collectGarbage")
        metrics = self._tools.send("Performance.getMetrics")["metrics"]
        named = {metric["name"]: float(metric["value"]) for metric in metrics}
        return named["JSHeapUsedSize"] / 1e6

    def _check(self) -> None:
        if self._process.poll() is not None:
            raise MeasureError("JupyterLab has ended by itself.")


@dataclass(frozen=True)
class Server:
    """A JupyterLab that runs, and the folder of its notebooks."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    def address(self, path: str) -> str:
        """Give the address of a page or a question."""
        return f"http://{HOST}:{self.port}/{path}?token={TOKEN}"

    def end_kernels(self) -> None:
        """End what notebooks left running: the next one needs their backend's port.

        One that does not end costs that figure its counts, and hides no failure of this one.
        """
        with caller(self.address(""), near.ANSWER_S) as asking, suppress(httpx.HTTPError):
            kernels = asking.get(self.address("api/kernels")).raise_for_status()
            for kernel in kernels.json():
                asking.delete(self.address(f"api/kernels/{kernel['id']}")).raise_for_status()


@contextmanager
def lab(bench: Bench, cells: Sequence[str]) -> Iterator[Lab]:
    """Open a notebook of these cells, its kernel ready; end JupyterLab and its kernel afterwards.

    Where figures share a JupyterLab, it is their kernels alone that end. Raises MeasureError when
    JupyterLab or the browser does not start, or is not installed.
    """
    with chromium.page() as page, bench.lend(SHARED, lambda: _server(bench)) as server:
        name = write(server.folder, cells)
        try:
            # A workspace of its own: the usual one would open what was open before as well.
            page.goto(server.address(f"lab/workspaces/{Path(name).stem}/tree/{name}"))
            page.locator(".jp-Notebook .jp-Cell").first.wait_for()
            page.get_by_text(IDLE).first.wait_for()
            yield Lab(page, server.process)
        finally:
            server.end_kernels()


@contextmanager
def _server(bench: Bench) -> Iterator[Server]:
    folder = bench.folder / "lab"
    configure(folder)
    [port] = free_ports(1)
    server = Server(_start(bench, folder, port), port, folder)
    try:
        _answers(bench, server)
        yield server
    finally:
        _end(bench, server.process)


def write(folder: Path, cells: Sequence[str]) -> str:
    """Write a new notebook; gives its name."""
    plain: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": []}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": [
            {**plain, "id": f"cell-{i}", "source": cell, "execution_count": None}
            for i, cell in enumerate(cells)
        ],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    name = f"measured-{len(list(folder.glob('*.ipynb')))}.ipynb"
    (folder / name).write_text(json.dumps(notebook), encoding="utf-8")
    return name


def configure(folder: Path) -> None:
    """Write settings in which no news covers a notebook."""
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    for name, content in SETTINGS.items():
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(content))


def _start(bench: Bench, folder: Path, port: int) -> subprocess.Popen[bytes]:
    own = {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    return bench.process(
        *("jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.ip={HOST}"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"),
        log=LOG,
        environment=own,
    )


def _answers(bench: Bench, server: Server) -> None:
    def answered() -> bool:
        if server.process.poll() is not None:
            log = bench.folder / LOG
            said = log.read_text(errors="replace").splitlines()
            raise MeasureError(f"JupyterLab did not start: {(said or ['it said nothing'])[-1]}")
        return near.answers(server.address("api/status"))

    bench.until(answered, "JupyterLab")


def _end(bench: Bench, process: subprocess.Popen[bytes]) -> None:
    """End JupyterLab, and the kernels that it leaves."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    bench.end(process)
    for left in psutil.wait_procs(family, timeout=LEFT_S)[1]:
        left.kill()
