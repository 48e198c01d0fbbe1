"""A real JupyterLab with a notebook, seen through a real Chromium."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Page, sync_playwright

from flightlib.kafka import Publisher, now_ms
from flightlib.settings import Settings
from flightlib.sky import Sky

FLIGHTS = 300
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SETTINGS = {
    "themes": {"theme": "JupyterLab Dark"},
    "notification": {"fetchNews": "false", "checkForUpdates": False},
}


def browser_path() -> str:
    """Find the browser; a machine without one fails, and is told what to install."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    pytest.fail(f"No {' or '.join(BROWSERS)} on the PATH. Run: sudo apt-get install chromium")


@dataclass
class Lab:
    """A notebook open in JupyterLab, in a page that notes what it asked for and what failed."""

    page: Page
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def root(self, nth: int = 0) -> dict[str, str]:
        """What the nth live widget of the page says about itself."""
        script = "n => ({...document.querySelectorAll('.flightlib')[n]?.dataset})"
        told: dict[str, str] = self.page.evaluate(script, nth)
        return told

    def until(self, condition: Callable[[], Any], within_s: float = 40.0) -> Any:
        """Wait until something is so, and give it."""
        deadline = time.monotonic() + within_s
        while not (found := condition()):
            assert time.monotonic() < deadline, f"it did not come about; the map: {self.root()}"
            self.page.wait_for_timeout(50)
        return found

    def more_frames(self, count: int = 2, nth: int = 0) -> None:
        """Wait until the nth widget has drawn some further frames."""
        goal = int(self.root(nth).get("frames", 0)) + count
        self.until(lambda: int(self.root(nth).get("frames", 0)) >= goal)

    def run_all(self) -> None:
        """Run every cell by the menu, as a person does."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def stage(self, nth: int = 0) -> dict[str, float]:
        """Where the nth widget, a map, is on the page."""
        stage = self.page.locator(".flightlib").nth(nth).locator(".flightlib-stage")
        box = stage.bounding_box()
        assert box
        return dict(box)


@pytest.fixture(scope="module")
def published(kafka_stack: Settings) -> Iterator[Publisher]:
    """A sky in Kafka, at sixty times its speed, for as long as the tests run."""
    # It begins at eight in the morning of UTC-6, whenever that is, and has twelve busy hours.
    start_ms = now_ms()
    sky = Sky(flights=FLIGHTS, shift_h=14 - start_ms / 3_600_000 % 24)
    reports = sky.reports(start_ms, speed=60)
    publisher = Publisher(reports, settings=kafka_stack).start()
    yield publisher
    publisher.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A running browser."""
    path = browser_path()
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_lab(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Open notebooks, given as lists of cells, each in a JupyterLab of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def open_(cells: list[str], base: str = "/") -> Lab:
        folder = tmp_path_factory.mktemp("lab")
        _write(folder, cells)
        process, url = _serve(folder, base)
        started.append(process)
        page = chromium.new_page(viewport={"width": 1280, "height": 1400})
        page.set_default_timeout(60_000)
        lab = Lab(page)
        page.on("request", lambda request: lab.requests.append(request.url))
        page.on("pageerror", lambda error: lab.failures.append(str(error)))
        page.goto(url)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for()
        return lab

    yield open_
    for process in started:
        _end(process)


def _write(folder: Path, cells: list[str]) -> None:
    plain = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    notebook = {
        "cells": [{**plain, "id": f"cell-{i}", "source": cell} for i, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "map.ipynb").write_text(json.dumps(notebook))
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    for name, content in SETTINGS.items():
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(content))


def _serve(folder: Path, base: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start JupyterLab in a folder, on a free port and below a path, with a token."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=open", f"--ServerApp.root_dir={folder}"),
        f"--ServerApp.base_url={base}",
    ]
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **own}, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}{base}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}api/status?token=open", trust_env=False).raise_for_status()
            return process, f"{address}lab/tree/map.ipynb?token=open"
        except httpx.HTTPError:
            time.sleep(0.1)
    _end(process)
    pytest.fail(f"JupyterLab did not start: {(folder / 'lab.log').read_text()[-500:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End JupyterLab and its kernels."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.terminate()
    process.wait(20)
    for left in psutil.wait_procs(family[1:], timeout=5)[1]:
        left.kill()
