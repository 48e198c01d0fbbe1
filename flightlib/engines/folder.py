"""The folder that holds the engines' data: made, recognised, locked, emptied."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flightlib.errors import MachineError, SettingError

# A folder with this file is flightlib's own; nothing else is ever emptied.
OWN_MARK = ".flightlib"
_LOCK = ".lock"
_KEPT = {OWN_MARK, _LOCK}
_RUN = "run"
LEAST_GB = 0.5  # free on the disk, below which no engine is started
# Characters that mean something in a Java class path, a JDBC address, a Kafka folder list or the
# process manager's configuration.
_FORBIDDEN = frozenset(":;,#%\"'\\*?$&<>|`{}")
# A unix socket's path holds 104 bytes on some systems; supervisor adds a process number.
_SOCKET_BYTES = 90


def check_name(variable: str, folder: Path) -> None:
    """Raise SettingError for a folder name the engines' configuration cannot carry."""
    found = sorted({c for c in str(folder) if c in _FORBIDDEN or not c.isprintable()})
    if found:
        raise SettingError(
            f"{variable} cannot be {str(folder)!r}: the engines cannot work in a path with "
            f"{' '.join(map(ascii, found))}. Choose a folder without it."
        )


def claim(data: Path) -> None:
    """Make the data folder, or recognise it as flightlib's own.

    Raises SettingError for a folder with other files in it, so that no one's files are mixed up
    with the engines' or emptied later, and MachineError if it cannot be written.
    """
    check_name("FLIGHTLIB_DATA", data)
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not is_own(data):
            if any(entry.name != _RUN for entry in data.iterdir()):
                raise SettingError(
                    f"{data} has files that are not flightlib's. "
                    f"Set FLIGHTLIB_DATA to a new or an empty folder."
                )
            text = "The data of flightlib's engines. `flightlib reset` empties this folder.\n"
            (data / OWN_MARK).write_text(text, encoding="utf-8")
    except OSError as error:
        raise MachineError(
            f"The data folder {data} cannot be used: {error.strerror}. "
            f"Set FLIGHTLIB_DATA to a folder that can be written to."
        ) from None


def check_room(data: Path) -> None:
    """Raise MachineError if the disk of the data folder is as good as full."""
    free_gb = shutil.disk_usage(data).free / 1e9
    if free_gb < LEAST_GB:
        raise MachineError(
            f"The engines' data need {LEAST_GB} GB on the disk of {data}, and {free_gb:.1f} GB are "
            f"free. Make room, or set FLIGHTLIB_DATA to a folder on another disk."
        )


def is_own(data: Path) -> bool:
    """Say whether flightlib made this folder."""
    return (data / OWN_MARK).is_file()


@contextmanager
def locked(data: Path, say: Callable[[str], object]) -> Iterator[None]:
    """Hold the data folder alone; another `up` or `down` says so and waits until this is done."""
    with (data / _LOCK).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another flightlib is starting or stopping these engines: waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)  # the system frees it when the process ends
        yield


def empty(data: Path) -> None:
    """Delete everything in a folder that is flightlib's own.

    Raises SettingError if it is not.
    """
    if not is_own(data):
        raise SettingError(f"{data} is not a data folder of flightlib; nothing was deleted.")
    for entry in data.iterdir():
        if entry.name in _KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def size_bytes(data: Path) -> int:
    """Add up the sizes of the files below a folder."""
    total = 0
    for root, _, names in os.walk(data):
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:  # gone meanwhile
                continue
    return total


def run_folder(data: Path) -> Path:
    """Give the folder of the process manager's own files."""
    return data / _RUN


def socket_path(data: Path) -> Path:
    """Give the process manager's socket: in the data folder, or elsewhere if that path is long."""
    path = run_folder(data) / "manager.sock"
    if len(os.fsencode(path)) <= _SOCKET_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    # Not the TMPDIR of whoever asks: every asker must find the same socket.
    return Path("/tmp") / f"flightlib-{os.getuid()}-{name}" / "manager.sock"


def make_private(folder: Path) -> None:
    """Make a folder that only this user can enter; raise MachineError if another user owns it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise MachineError(f"{folder} belongs to another user. Delete it, or set FLIGHTLIB_DATA.")
    folder.chmod(0o700)
