"""Class archives: files from which an engine takes the classes that Java once prepared for it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from flightlib.engines.layout import places
from flightlib.engines.manifest import MARKER
from flightlib.settings import Settings

# Flink has none: with an archive its gateway answers health questions, and fails to plan.
ARCHIVED = ("kafka", "registry", "catalog", "trino")

# Java writes the first bytes last, so an archive that begins otherwise was never ended.
_BEGINS = (0xF00BABA8).to_bytes(4, "little")


def archives(settings: Settings) -> Path:
    """Say in which folder the archives lie: beside the engines that they were made of."""
    return settings.cache / "classes"


def archive(settings: Settings, engine: str) -> Path:
    """Say which file is an engine's archive: it has the name of the engine's files."""
    return archives(settings) / f"{places(settings, engine)[0].name}.jsa"


def flags(settings: Settings, engine: str) -> tuple[str, ...]:
    """Give the flags by which Java makes an engine's archive at its first orderly end.

    Later starts read it. Which classes Java could not archive is nothing to tell in an engine's
    log. Where nobody may write there are no flags.
    """
    if engine not in ARCHIVED or not os.access(archives(settings), os.W_OK):
        return ()
    file = f"-XX:SharedArchiveFile={archive(settings, engine)}"
    return "-XX:+AutoCreateSharedArchive", file, "-Xlog:cds=off,cds+dynamic=off"


def make_ready(settings: Settings) -> None:
    """Make the folder, and remove archives that Java would pass over at each start from now on.

    Of an archive that was never ended, or is older than the engine's files or its Java, it says
    nothing and makes no other. In a cache that is only read here nothing is done.
    """
    with suppress(OSError):
        archives(settings).mkdir(exist_ok=True)
        for engine in ARCHIVED:
            file = archive(settings, engine)
            if file.exists() and not _fits(file, places(settings, engine)):
                file.unlink()
        for file in archives(settings).glob("*.jsa"):
            if not (settings.cache / "homes" / file.stem).exists():
                file.unlink()


def forget(settings: Settings, engine: str) -> None:
    """Remove the archive of an engine that failed: of few classes now, or what it failed by."""
    if engine in ARCHIVED:
        with suppress(OSError):
            archive(settings, engine).unlink()


def _fits(file: Path, made_of: tuple[Path, ...]) -> bool:
    with file.open("rb") as opened:
        begins = opened.read(len(_BEGINS))
    markers = [folder / MARKER for folder in made_of]
    newest = max((one.stat().st_mtime for one in markers if one.exists()), default=0.0)
    return begins == _BEGINS and file.stat().st_mtime > newest
