"""The commits of a table in numbers and words, and what they look like as a picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import pandas as pd

from flightlib.lake import Snapshot, State

MOST = 120  # commits in the picture, the newest
USUAL_OF = 10  # distances of so many commits say when the next is due


@dataclass(frozen=True)
class Facts:
    """What is known of a table's commits at one moment."""

    snapshots: int
    rows: int
    files: int
    age_s: float | None  # of the newest snapshot; None without one
    usual_s: float | None  # between two appends; None when there were too few

    def __str__(self) -> str:
        count = f"{self.snapshots:,} snapshot{'' if self.snapshots == 1 else 's'}"
        age = "no commit yet" if self.age_s is None else f"newest {self.age_s:.1f} s old"
        return f"{count} · {age} · {self.rows:,} rows in {self.files:,} files{self._due()}"

    def _due(self) -> str:
        return "" if self.usual_s is None else f" · a commit every {self.usual_s:.1f} s"


def facts(state: State | None, now_ms: int) -> Facts:
    """Tell the facts of a table as of now; of none, that there is nothing."""
    if state is None or state.current is None:
        return Facts(0, 0, 0, None, None)
    newest = state.current
    age_s = max(0.0, (now_ms - newest.committed_ms) / 1000)
    kept = len(state.snapshots)
    return Facts(kept, newest.total_records, newest.total_files, age_s, usual_s(state.snapshots))


def usual_s(snapshots: Sequence[Snapshot]) -> float | None:
    """Give the usual distance of the last appends; compaction comes when it comes."""
    times = [s.committed_ms for s in snapshots if s.operation == "append"][-USUAL_OF - 1 :]
    steps = [later - earlier for earlier, later in pairwise(times)]
    return median(steps) / 1000 if steps else None


def table(snapshots: Sequence[Snapshot]) -> pd.DataFrame:
    """Lay the newest commits out for the chart: a compaction writes rows, and adds none."""
    rows = [
        (s.committed_ms, 0 if s.operation == "replace" else s.added_records, s.operation)
        for s in snapshots[-MOST:]
    ]
    laid = pd.DataFrame(rows, columns=["committed", "rows", "operation"])
    laid["committed"] = pd.to_datetime(laid["committed"], unit="ms")
    return laid
