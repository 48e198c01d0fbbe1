"""Keep the tables healthy while jobs write: many small files into few, old snapshots away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import tenacity

from flightlib import flink, kafka
from flightlib.errors import LakeError, Outrun, SettingError
from flightlib.lake.history import Snapshot, State, watch
from flightlib.lake.schemas import CATALOG, PLANS
from flightlib.lake.tables import check_table
from flightlib.lake.trino import ask
from flightlib.settings import Settings, load

KEEP_S = 600.0
"""How long each snapshot is kept, and so how far back a question may travel."""
COMPACT_AFTER = 45
"""Commits since the last compaction that make the next one due."""
EXPIRE_AFTER = 60
"""Snapshots beyond their time that make it worth to let them go."""
SMALL_MB = 8
"""Files below this size are put together; larger ones stay as they are, so that each row is written
a few times at most."""
WITHIN_S = 120.0
SPARE_S = 60.0
TRIES = 6
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Care:
    """What is due for one table, and why; empty words mean nothing."""

    compact: str = ""
    expire: str = ""


def due(state: State, now_ms: int, keep_s: float = KEEP_S) -> Care:
    """Judge by its history what a table needs. Pure."""
    young = appended_since_compaction(state)
    compact = f"{young} commits since the last compaction" if young >= COMPACT_AFTER else ""
    limit_ms = now_ms - 1000 * retention_s(state, now_ms, keep_s)
    old = sum(snapshot.committed_ms < limit_ms for snapshot in state.snapshots)
    expire = f"{old} snapshots are older than {keep_s / 60:g} minutes"
    return Care(compact, expire if old >= EXPIRE_AFTER else "")


def appended_since_compaction(state: State) -> int:
    """Count the commits that added files after files were last put together."""
    count = 0
    for snapshot in reversed(state.snapshots):
        if snapshot.operation == "replace":
            break
        count += snapshot.operation == "append" and snapshot.added_records > 0
    return count


def retention_s(state: State, now_ms: int, keep_s: float) -> float:
    """Say how old a snapshot has to be to go: older than the last commit of a Flink job.

    A job that is restored looks for its own last commit in the table's history; without it, it
    would commit the same rows again.
    """
    written = (s.committed_ms for s in reversed(state.snapshots) if s.job_id is not None)
    return max(keep_s, (now_ms - next(written, now_ms)) / 1000 + SPARE_S)


def compact(name: str, settings: Settings | None = None) -> str:
    """Put a table's small files together, and say what came of it; jobs go on writing meanwhile.

    Raises EngineDown, LakeError for a table that does not exist.
    """
    settings = settings or load()
    before = _state(settings, name).current
    threshold = f"file_size_threshold => '{SMALL_MB}MB'"
    _persist(settings, f"ALTER TABLE {name} EXECUTE optimize({threshold})")
    after = _state(settings, name).current
    return f"{name}: {_files(before)} files became {_files(after)}."


def expire(name: str, keep_s: float = KEEP_S, settings: Settings | None = None) -> str:
    """Let a table's old snapshots go, with the files only they need; say how many went.

    Snapshots younger than `keep_s` seconds stay, and so does every commit that a job needs when it
    is restored. Raises SettingError, EngineDown, or LakeError for a table that does not exist.
    """
    settings = settings or load()
    if not 60 <= keep_s <= 7 * 86_400:
        raise SettingError(f"keep_s cannot be {keep_s!r}; allowed: 60 to 604,800 seconds.")
    before = _state(settings, name)
    stay_s = retention_s(before, kafka.now_ms(), keep_s)
    statement = (
        f"ALTER TABLE {name} EXECUTE expire_snapshots(retention_threshold => '{stay_s:.0f}s')"
    )
    least = {f"{CATALOG}.expire_snapshots_min_retention": "1m"}
    _persist(settings, statement, session=least)
    after = {snapshot.snapshot_id for snapshot in _state(settings, name).snapshots}
    gone = sum(snapshot.snapshot_id not in after for snapshot in before.snapshots)
    return f"{name}: {gone} snapshots went, {len(after)} are kept."


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(Outrun),
    stop=tenacity.stop_after_attempt(TRIES),
    wait=tenacity.wait_random_exponential(0.2, max=2.0),
    reraise=True,
)
def _persist(settings: Settings, statement: str, session: Mapping[str, str] = NOTHING) -> None:
    """Run it, and again if another commit came first: the keeper may be at the same files."""
    ask(settings, statement, within_s=WITHIN_S, session=session)


def maintain(settings: Settings | None = None) -> list[str]:
    """Compact every table and let its old snapshots go, whether it is due or not.

    The keeper does the same on its own, whenever it is due, as long as the engines run.
    """
    settings = settings or load()
    told = [(compact(name, settings), expire(name, settings=settings)) for name in PLANS]
    return [line for lines in told for line in lines]


def rollback(name: str, snapshot_id: int, settings: Settings | None = None) -> str:
    """Make an earlier snapshot a table's newest again, and say so; later rows are out of sight.

    Raises LakeError for a snapshot that is not there, or while a job writes: what it has written
    since would be lost.
    """
    settings = settings or load()
    state = watch(settings, name).newest()
    if snapshot_id not in {snapshot.snapshot_id for snapshot in state.snapshots}:
        raise LakeError(
            f"Table {name} has no snapshot {snapshot_id}. `fl.lake.snapshots({name!r})` lists them."
        )
    _refuse_while_written(settings, name)
    quoted = '"' + name.replace('"', '""') + '"'
    ask(
        settings,
        f"ALTER TABLE {quoted} EXECUTE rollback_to_snapshot(snapshot_id => {int(snapshot_id)})",
        within_s=WITHIN_S,
    )
    return f"Table {name} is as it was at snapshot {snapshot_id}."


def _refuse_while_written(settings: Settings, name: str) -> None:
    for entry in flink.writers(settings, name):
        if entry.wanted == "running":
            raise LakeError(
                f"Job {entry.name} writes {name}: rolling it back now would lose rows. Stop it "
                f"first by `%flink --job {entry.name} --stop`."
            )


def _state(settings: Settings, name: str) -> State:
    return watch(settings, check_table(name)).newest()


def _files(snapshot: Snapshot | None) -> str:
    return f"{snapshot.total_files if snapshot else 0:,}"
