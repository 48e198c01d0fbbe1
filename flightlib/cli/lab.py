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

import psutil
from filelock import FileLock, Timeout
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from flightlib.engines import folder, orphans
from flightlib.errors import FlightlibError
from flightlib.settings import Settings

# In the environment of JupyterLab, and so of its kernels and terminals: whose demo they are of.
_OWNER = "FLIGHTLIB_DEMO"
# Whoever only looks whether a demo runs holds its place for less than this.
_MOMENT_S = 0.5


class DemoRunning(FlightlibError):
    """A demo is running already; the message gives its address."""


class LabFailed(FlightlibError):
    """JupyterLab did not start, or ended by itself."""


@dataclass(frozen=True)
class Server:
    """A JupyterLab process and the address, token included, that opens it."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def wait(self) -> None:
        """Wait until JupyterLab is shut down from its menu or Ctrl-C is pressed.

        Raises LabFailed if it ends in another way.
        """
        if self.process.wait():
            raise LabFailed(f"JupyterLab ended by itself. {_last_words(self.log)}")


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the place of the one running demo of a data folder; end what a killed one left.

    Raises DemoRunning with the address of the one that runs, and SettingError or MachineError for
    a data folder that cannot be used.
    """
    folder.claim(settings.data)
    folder.make_private(folder.run_folder(settings.data))
    latch = _latch(settings)
    try:
        latch.acquire(timeout=_MOMENT_S)
    except Timeout:
        raise _running(settings) from None
    try:
        _end_all(settings)
        _write(settings, demo=os.getpid())
        yield
    finally:
        _record(settings).unlink(missing_ok=True)
        latch.release()


def running_demo(settings: Settings) -> DemoRunning | None:
    """Say which demo of this data folder runs, as an error to raise; None if none does."""
    if not Path(_latch(settings).lock_file).exists():
        return None
    with suppress(Timeout), _latch(settings).acquire(timeout=0):
        return None
    return _running(settings)


def _running(settings: Settings) -> DemoRunning:
    known = _read(settings)
    place = f"JupyterLab: {known['address']}" if "address" in known else "it is starting"
    return DemoRunning(
        f"A demo is running already ({place}). Open its address, or end it with Ctrl-C where it "
        f"runs (or `kill {known.get('demo', 'PID')}`)."
    )


def end_leftovers(settings: Settings) -> bool:
    """End the JupyterLab, kernels included, of a demo that was killed; say whether there was one.

    That of a running demo is left alone.
    """
    return folder.is_own(settings.data) and not running_demo(settings) and _end_all(settings)


@contextmanager
def running(settings: Settings, root: Path, notebook: str, browser: bool) -> Iterator[Server]:
    """Run JupyterLab in `root`, open on `notebook`; end it, kernels included, on leaving."""
    token = secrets.token_urlsafe(24)
    log = folder.run_folder(settings.data) / "jupyterlab.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            _command(root, notebook, browser),
            env=_environment() | {"JUPYTER_TOKEN": token, _OWNER: str(settings.data)},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        url = _url_of(process, log)
        address = f"{url}lab/tree/{notebook}?token={token}"
        _write(settings, demo=os.getpid(), address=address)
        yield Server(process, address, log)
    finally:
        _end_all(settings)
        process.wait()


def _command(root: Path, notebook: str, browser: bool) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{notebook}",
        f"--ServerApp.open_browser={browser}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *(["--allow-root"] if os.name == "posix" and os.geteuid() == 0 else []),
    ]


def _environment() -> dict[str, str]:
    """Give JupyterLab's environment: the news pop-up, which would cover the map, is off."""
    own = str(Path(__file__).with_name("jupyter"))
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    return {**os.environ, "JUPYTER_CONFIG_PATH": f"{own}{os.pathsep}{others}" if others else own}


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
        raise LabFailed(f"JupyterLab did not start. {_last_words(log)}")
    return url


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() or ["nothing"]
    return (
        f"It wrote last: {lines[-1].strip()[:200]} The log is {log}. Type `flightlib demo` again."
    )


# --- what is left ---------------------------------------------------------------------------------


def _end_all(settings: Settings) -> bool:
    """End every process of this data folder's JupyterLab; say whether there was one."""
    ours = [process for process in psutil.process_iter() if _is_ours(process, settings)]
    # The server first: it saves what it has to and ends its kernels and terminals itself.
    orphans.end(process for process in ours if _is_server(process))
    orphans.end(ours)
    return bool(ours)


def _is_ours(process: psutil.Process, settings: Settings) -> bool:
    if process.pid == os.getpid():  # a command typed in a terminal of that very JupyterLab
        return False
    with suppress(psutil.Error, OSError):
        return process.environ().get(_OWNER) == str(settings.data) and not orphans.gone(process)
    return False


def _is_server(process: psutil.Process) -> bool:
    with suppress(psutil.Error, OSError):
        return "jupyterlab" in process.cmdline()
    return False


def _latch(settings: Settings) -> FileLock:
    """Make the lock that a running demo holds; the system frees it however the demo ends."""
    return FileLock(folder.run_folder(settings.data) / "demo.lock")


def _record(settings: Settings) -> Path:
    return folder.run_folder(settings.data) / "demo.json"


def _read(settings: Settings) -> dict[str, object]:
    try:
        return dict(json.loads(_record(settings).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write(settings: Settings, **known: object) -> None:
    record = _record(settings)
    record.touch(mode=0o600)
    record.write_text(json.dumps(known), encoding="utf-8")
