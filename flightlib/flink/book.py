"""What is kept of each named job, so that another kernel or the keeper finds it: a file per job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from flightlib.errors import JobError
from flightlib.flink.cluster import Cluster
from flightlib.flink.ddl import CATALOG, TOPIC_TABLES
from flightlib.flink.scan import about, names_in, one_line, targets
from flightlib.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)
_CLEARS = re.compile(r"DROP (?:\w+ )+IF EXISTS ", re.IGNORECASE)
BUSY_S = 120.0


@dataclass(frozen=True)
class Entry:
    """One named job: its SQL, the statements that shape its session, and where it stands."""

    name: str
    sql: str
    setup: tuple[str, ...]
    job_id: str
    wanted: Literal["running", "stopped", "finished"] = "running"
    state: str | None = None  # the savepoint or checkpoint it began from, or can go on from
    began_ms: int = 0
    note: str = ""  # what happened to it last, for a person
    # What it takes to prove that it lost nothing: for each topic and partition (as text) the offset
    # it began at; how much poison it left out; when it began to count anew (epoch ms).
    origin: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    skipped: int = 0
    anew_ms: tuple[int, ...] = ()

    @property
    def group(self) -> str:
        """The Kafka group whose offsets it commits."""
        return group_of(self.name)

    def same_as(self, sql: str, setup: tuple[str, ...]) -> bool:
        """Say whether these statements are the ones it runs; blanks and comments do not count.

        Nor does a DROP IF EXISTS, which comes before a CREATE that was run again. `setup` is what
        `relevant` gives for the statement.
        """
        ours, theirs = (
            [line for text in texts if not _CLEARS.match(line := one_line(text))]
            for texts in ((*self.setup, self.sql), (*setup, sql))
        )
        return ours == theirs


def relevant(setup: Iterable[str], sql: str) -> tuple[str, ...]:
    """Leave out of a session's shaping statements those about names that a job does not use."""
    words, kept = names_in(sql), list[str]()
    for text in reversed(list(setup)):
        name = about(text)
        if text.startswith("SET 'python.") and not any("LANGUAGE PYTHON" in t for t in kept):
            continue
        if name is None or name in words:
            kept.append(text)
            words |= names_in(text)
    return tuple(reversed(kept))


def group_of(name: str) -> str:
    """Name the Kafka group of a job."""
    return f"flightlib-{name}"


def check_name(name: str) -> str:
    """Give the name back, or raise JobError: it becomes a file's and a Kafka group's name."""
    if not _NAME.fullmatch(name):
        raise JobError(
            f"A job's name cannot be {name!r}; allowed: small letters, digits and -, at most 60."
        )
    return name


class Book:
    """The entries of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data / "flink" / "jobs"

    def read(self, name: str) -> Entry | None:
        """Give a job's entry; None if there is none. Raises JobError if it cannot be read."""
        path = self._path(name)
        try:
            return _entry(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            raise JobError(
                f"What is kept of job {name} cannot be read. Delete {path} and start the job "
                "again: it goes on at the offsets it had reached."
            ) from None

    def forget(self, name: str) -> None:
        """Keep nothing of a job any more."""
        self._path(name).unlink(missing_ok=True)

    def write(self, entry: Entry) -> Entry:
        """Keep an entry; whoever reads meanwhile sees the old or the new one, never half."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self._path(entry.name).with_suffix(".draft")
        draft.write_text(json.dumps(asdict(entry), indent=1), encoding="utf-8")
        draft.replace(self._path(entry.name))
        return entry

    def entries(self) -> list[Entry]:
        """Give every entry, by name."""
        found = sorted(path.stem for path in self.folder.glob("*.json"))
        names = [name for name in found if _NAME.fullmatch(name)]
        return [entry for name in names if (entry := self._readable(name)) is not None]

    def refuse_second_writer(self, name: str, sql: str) -> None:
        """Raise JobError if a running job of another name writes a table of the lake as `sql` does.

        A topic may have several writers; the lake counts every report, and once.
        """
        wanted = targets(sql, CATALOG) - set(TOPIC_TABLES)
        for other in self.entries():
            both = wanted & targets(other.sql, CATALOG)
            if both and other.name != name and other.wanted == "running":
                raise JobError(
                    f"Job {other.name} writes {', '.join(sorted(both))} already, and a second "
                    f"writer would double every row. Stop it by `%flink --job {other.name} --stop`."
                )

    def _readable(self, name: str) -> Entry | None:
        """Give an entry; one that cannot be read hides no other."""
        try:
            return self.read(name)
        except JobError:
            return None

    @contextmanager
    def locked(self, within_s: float = BUSY_S) -> Iterator[None]:
        """Be the only one who starts or stops jobs. Raises JobError if another is for long."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "lock", timeout=within_s):
                yield
        except Timeout:
            raise JobError(
                "Another flightlib is starting or stopping a job. Try again in a moment."
            ) from None

    def _path(self, name: str) -> Path:
        return self.folder / f"{check_name(name)}.json"


def _entry(told: dict[str, Any]) -> Entry:
    """Check what was read; raises TypeError or KeyError if it is no entry."""
    entry = Entry(**{**told, "setup": tuple(told["setup"])})
    entry = replace(entry, anew_ms=tuple(int(ms) for ms in entry.anew_ms))
    words = (entry.name, entry.sql, entry.job_id, entry.wanted, entry.note, *entry.setup)
    held = (entry.state is None or isinstance(entry.state, str)) and isinstance(entry.origin, dict)
    if not (held and all(isinstance(word, str) for word in words)):
        raise TypeError
    return entry


def newest_checkpoint(settings: Settings, job_id: str) -> str | None:
    """Find the newest complete checkpoint of a job; None if it made none."""
    folder = settings.data / "flink" / "checkpoints" / job_id
    done = [path.parent for path in folder.glob("chk-*/_metadata")]
    newest = max(done, key=lambda path: int(path.name.removeprefix("chk-")), default=None)
    return None if newest is None else f"file://{newest}"


def state_of(settings: Settings, entry: Entry) -> str | None:
    """Give what a job can go on from: its newest checkpoint, else what it began from, if there.

    The folders of a Flink elsewhere are not ours to look into: of a job that was running, it tells
    its newest checkpoint itself. What the job began from would bring its rows a second time.
    """
    if settings.elsewhere("flink"):
        if entry.wanted == "stopped":
            return entry.state
        return Cluster(settings).newest_checkpoint(entry.job_id) if entry.job_id else None
    if found := newest_checkpoint(settings, entry.job_id):
        return found
    held = entry.state and Path(entry.state.removeprefix("file:"))
    if held:
        held = Path("/" + str(held).lstrip("/"))
        return entry.state if (held / "_metadata").exists() else None
    return None


def writers(settings: Settings, table: str) -> list[Entry]:
    """Give the jobs that write a table, stopped ones included."""
    return [entry for entry in Book(settings).entries() if table in targets(entry.sql, CATALOG)]
