"""Class archives: files from which an engine takes the classes that Java once prepared for it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from flightlib.engines.layout import home
from flightlib.settings import Settings

# Flink has none: with an archive its gateway answers health questions, and fails to plan.
ARCHIVED = ("kafka", "registry", "catalog", "trino")


def archives(settings: Settings) -> Path:
    """Say in which folder the archives lie: beside the engines that they were made of."""
    return settings.cache / "classes"


def make_room(settings: Settings) -> None:
    """Make the folder; not in a cache that others filled, and that is only read here."""
    with suppress(OSError):
        archives(settings).mkdir(exist_ok=True)


def flags(settings: Settings, engine: str) -> tuple[str, ...]:
    """Give the flags by which Java makes an engine's archive at its first orderly end.

    Later starts read it. One that does not fit (other jars, another Java, cut short) is passed
    over, and made again. Which classes Java could not archive is nothing to tell in an engine's
    log. Where nobody may write there are no flags.
    """
    folder = archives(settings)
    if engine not in ARCHIVED or not os.access(folder, os.W_OK):
        return ()
    file = folder / f"{home(settings, engine).name}.jsa"
    quiet = "-Xlog:cds=off,cds+dynamic=off"
    return "-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={file}", quiet
