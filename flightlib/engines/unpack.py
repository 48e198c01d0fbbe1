"""Unpack a .tar.gz or .zip into a folder, and write nothing outside of it."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from flightlib.errors import ArtifactError

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError)


def is_archive(file: Path) -> bool:
    """Whether a file is to be unpacked rather than linked."""
    return file.name.endswith((".tar.gz", ".zip"))


def unpack(archive: Path, into: Path, advance: Callable[[int], None] = lambda _: None) -> None:
    """Unpack an archive into a folder, leaving out its top folder if everything is in one.

    `advance` is told the bytes written. Raises ArtifactError for an archive that is cut short,
    damaged, or holds a name that points outside.
    """
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=into) as aside:
        try:
            _unpack = _unpack_zip if archive.suffix == ".zip" else _unpack_tar
            _unpack(archive, Path(aside), advance)
        except _BROKEN as error:
            raise ArtifactError(
                f"{archive.name} is damaged ({error or type(error).__name__})."
            ) from error
        inside = list(Path(aside).iterdir())
        top = inside[0] if len(inside) == 1 and inside[0].is_dir() else Path(aside)
        for entry in top.iterdir():
            entry.rename(into / entry.name)


def _unpack_tar(archive: Path, into: Path, advance: Callable[[int], None]) -> None:
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            target = _inside(into, member.name)
            if member.islnk():  # the same content again: link it to the file already written
                os.link(_inside(into, member.linkname), target)
            elif member.isfile() and (content := tar.extractfile(member)):
                advance(_write(content, target, member.mode))
            elif not member.isdir():
                raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder")


def _unpack_zip(archive: Path, into: Path, advance: Callable[[int], None]) -> None:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            target = _inside(into, member.filename)
            if not member.is_dir():
                with opened.open(member) as content:
                    advance(_write(content, target, member.external_attr >> 16))


def _write(content: IO[bytes], target: Path, mode: int) -> int:
    """Write one file, keeping its run bits; the bytes written."""
    with target.open("wb") as out:
        shutil.copyfileobj(content, out, 1 << 20)
        size = out.tell()
    target.chmod(0o644 | (mode & 0o111))
    return size


def _inside(folder: Path, name: str) -> Path:
    """The path of an archive's member below a folder that is made if need be.

    A name that points outside is refused.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise tarfile.TarError(f"it holds the name {name!r}, which points outside")
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
