"""JupyterLab as a child of `flightlib demo`: one at a time, found again, ended cleanly."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from flightlib.errors import FlightlibError
from flightlib.settings import Settings


class DemoRunning(FlightlibError):
    """A demo is running already; the message gives its address."""


class LabFailed(FlightlibError):
    """JupyterLab ended before it answered."""


@dataclass(frozen=True)
class Server:
    """A JupyterLab process and the address, token included, that opens it."""

    process: subprocess.Popen[bytes]
    address: str

    def wait(self) -> None:
        """Wait until JupyterLab ends by itself or Ctrl-C is pressed."""
        self.process.wait()


def _record(settings: Settings) -> Path:
    return settings.data / "run" / "demo.json"


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the place of the one running demo.

    Raises DemoRunning with the address of the one that runs.
    """
    record = _record(settings)
    known = _read(record)
    if _alive(known.get("demo")):
        address = known.get("address", "about to start")
        raise DemoRunning(
            f"A demo is running already (JupyterLab: {address}). "
            f"Open that address, or end process {known['demo'][0]} with Ctrl-C where it runs."
        )
    end_leftovers(settings)
    _write(record, demo=_mark(os.getpid()))
    try:
        yield
    finally:
        record.unlink(missing_ok=True)


def end_leftovers(settings: Settings) -> bool:
    """End the JupyterLab of a demo that was killed; say whether there was one."""
    known = _read(_record(settings))
    if _alive(known.get("demo")) or not _alive(known.get("lab")):
        return False
    _end(psutil.Process(known["lab"][0]))
    return True


@contextmanager
def running(settings: Settings, root: Path, notebook: str, browser: bool) -> Iterator[Server]:
    """Run JupyterLab in `root`, open on `notebook`; end it, kernels included, on leaving."""
    token = secrets.token_urlsafe(24)
    log = settings.data / "run" / "jupyterlab.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            _command(root, notebook, browser),
            env={**os.environ, "JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        url = _url_of(process, log)
        address = f"{url}lab/tree/{notebook}?token={token}"
        _write(
            _record(settings), demo=_mark(os.getpid()), lab=_mark(process.pid), address=address
        )
        yield Server(process, address)
    finally:
        _end(psutil.Process(process.pid))
        process.wait()


def _command(root: Path, notebook: str, browser: bool) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{notebook}",
        f"--ServerApp.open_browser={browser}",
        # The news pop-up asks the network and covers the map.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *(["--allow-root"] if os.name == "posix" and os.geteuid() == 0 else []),
    ]


def _url_of(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server has written its address; raise LabFailed if it ends before."""
    # A second's worth of imports that `flightlib status` need not wait for.
    from jupyter_server.serverapp import list_running_servers

    @retry(
        retry=retry_if_result(lambda url: url is None),
        stop=stop_after_delay(60),
        wait=wait_fixed(0.2),
        retry_error_callback=lambda _: None,
    )
    def address() -> str | None:
        if process.poll() is not None:
            return ""
        servers = (s for s in list_running_servers() if s["pid"] == process.pid)
        return next((str(s["url"]) for s in servers), None)

    url = address()
    if not url:
        lines = log.read_text(errors="replace").splitlines() or ["it wrote nothing"]
        raise LabFailed(f"JupyterLab did not start: {lines[-1].strip()} The log is {log}.")
    return url


def _mark(pid: int) -> list[float]:
    """Name a process by pid and start time, so that a reused pid is not mistaken for it."""
    return [pid, psutil.Process(pid).create_time()]


def _alive(mark: list[float] | None) -> bool:
    if not mark:
        return False
    with suppress(psutil.Error):
        return abs(psutil.Process(int(mark[0])).create_time() - mark[1]) < 1
    return False


def _end(process: psutil.Process) -> None:
    """Ask a process and its children to end; insist after ten seconds."""
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, left = psutil.wait_procs(family, timeout=10)
        for survivor in left:
            with suppress(psutil.NoSuchProcess):
                survivor.kill()


def _read(record: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write(record: Path, **known: Any) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    record.touch(mode=0o600)
    record.write_text(json.dumps(known), encoding="utf-8")
