"""The snapshots of a table as places on a slider: which is chosen, and what is said of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flightlib.errors import SettingError
from flightlib.lake import Snapshot
from flightlib.widgets import lake_words


@dataclass(frozen=True)
class Moments:
    """A table's snapshots, oldest first, and the one that is chosen.

    One that `follows` chooses the newest, whatever comes. A chosen snapshot that has expired stays
    chosen, at the slider's left end.
    """

    snapshots: tuple[Snapshot, ...] = ()
    chosen: int | None = None
    follows: bool = True

    def landed(self, snapshots: tuple[Snapshot, ...]) -> Moments:
        """Take the list as it is now."""
        newest = snapshots[-1].snapshot_id if snapshots else None
        chosen = newest if self.follows else self.chosen
        return replace(self, snapshots=snapshots, chosen=chosen)

    def choose(self, snapshot_id: int) -> Moments:
        """Choose by the number; raises SettingError for one that the table does not have."""
        known = [one.snapshot_id for one in self.snapshots]
        if snapshot_id not in known:
            have = f"there are {len(known):,}, from {known[0]} to {known[-1]}" if known else "none"
            raise SettingError(f"snapshot_id cannot be {snapshot_id!r}; of the table's: {have}.")
        return replace(self, chosen=snapshot_id, follows=False)

    def newest(self) -> Moments:
        """Follow the newest again."""
        return replace(self, follows=True).landed(self.snapshots)

    @property
    def place(self) -> int:
        """Where the chosen snapshot is on the slider."""
        places = (i for i, one in enumerate(self.snapshots) if one.snapshot_id == self.chosen)
        return next(places, 0)

    def label(self) -> str:
        """Say which snapshot is chosen, and how much the table held then."""
        if not self.snapshots:
            return "no snapshot yet"
        one = self.snapshots[self.place]
        if one.snapshot_id != self.chosen:
            return f"snapshot {lake_words.short(str(self.chosen))} has expired"
        which = "newest" if self.follows else f"{self.place + 1:,}"
        rows = f"{one.total_records:,} rows"
        at = f"{lake_words.clock(one.committed_ms)} UTC"
        return f"{at} · {rows} · {which} of {len(self.snapshots):,}"
