"""Put folders of files in place whole or not at all, and notice later if one was damaged."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pooch

MARKER = ".complete"
# Engines' scripts and people may write here.
_OPEN_FOLDERS = ("conf", "log")


def install(target: Path, build: Callable[[Path], None]) -> None:
    """Let `build` fill a folder aside, then move it to `target` with its list of files.

    If `build` fails nothing is left behind and `target` is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".making-", dir=target.parent))
    try:
        build(aside)
        _write_marker(aside)
        if target.exists():
            target.rename(aside.with_suffix(".old"))
        aside.chmod(0o755)
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(aside.with_suffix(".old"), ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what an installation that was killed left aside."""
    for left in folder.glob(".making-*"):
        shutil.rmtree(left, ignore_errors=True)


def is_complete(folder: Path) -> bool:
    """Whether a folder was once put in place whole."""
    return (folder / MARKER).is_file()


def damage(folder: Path, *, deep: bool = False) -> list[str]:
    """Name the files that are gone or changed since the folder was put in place.

    Compares sizes; `deep` compares every file's sha256 as well. An empty list means no damage.
    """
    try:
        listed: dict[str, list[object]] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [MARKER]
    return [
        name for name, (size, sha) in listed.items() if not _same(folder / name, size, sha, deep)
    ]


def _same(file: Path, size: object, sha256: object, deep: bool) -> bool:
    try:
        if os.stat(file).st_size != size:
            return False
    except OSError:
        return False
    return not deep or pooch.file_hash(str(file)) == sha256


def _write_marker(folder: Path) -> None:
    listed = {
        str(file.relative_to(folder)): [file.stat().st_size, pooch.file_hash(str(file))]
        for file in _files(folder)
    }
    (folder / MARKER).write_text(json.dumps(listed, indent=0), encoding="utf-8")


def _files(folder: Path) -> Iterator[Path]:
    for place, inner, names in os.walk(folder):
        if Path(place) == folder:
            inner[:] = [name for name in inner if name not in _OPEN_FOLDERS]
        yield from (Path(place, name) for name in sorted(names))
