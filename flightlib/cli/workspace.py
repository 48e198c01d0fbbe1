"""The notebooks beside the user: copied from the package, never over a changed file."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from flightlib.errors import MachineError
from flightlib.settings import shared_folder

RECORD = ".flightlib-copies.json"


def notebooks_beside(folder: Path) -> tuple[Path, list[str]]:
    """Make sure that `folder` has the notebooks; return where they are and what was kept.

    In a checkout they are there already. Elsewhere they are copied into `folder/notebooks`. A
    file that was changed since it was copied is kept and named in the returned list. Raises
    MachineError if `folder` cannot be written to.
    """
    source = shared_folder("notebooks").resolve()
    target = (folder / "notebooks").resolve()
    if target == source:
        return source, []
    copies = _read(target / RECORD)
    try:
        kept = [name for name in _files(source) if not _copy(source, target, name, copies)]
        (target / RECORD).write_text(json.dumps(copies, indent=1), encoding="utf-8")
    except OSError as error:
        raise MachineError(
            f"The notebooks cannot be copied to {target}: {error.strerror}. "
            f"Choose another place with `flightlib demo --folder FOLDER`."
        ) from None
    return target, kept


def _files(source: Path) -> list[str]:
    wanted = {".ipynb", ".jupyterlab-workspace", ".png", ".svg"}
    return sorted(
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.suffix in wanted and ".ipynb_checkpoints" not in path.parts
    )


def _copy(source: Path, target: Path, name: str, copies: dict[str, str]) -> bool:
    """Copy one file unless the user changed it; say whether the target is as packaged now."""
    original, copy = source / name, target / name
    if copy.exists() and _digest(copy) not in (copies.get(name), _digest(original)):
        return False
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(original, copy)
    copies[name] = _digest(copy)
    return True


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(record: Path) -> dict[str, str]:
    try:
        return dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
