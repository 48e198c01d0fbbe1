"""Where a question is answered: at which snapshot, over which time, from which rows."""

from __future__ import annotations

from collections.abc import Callable

from flightlib.backend.at_hand import AtHand
from flightlib.backend.formats import iso
from flightlib.backend.newest import Newest
from flightlib.backend.trouble import NotFound, NotReady
from flightlib.lake import Question, Recent, Snapshot, State, Window, outdated_ms, placed, utc

BEHIND_MS = 10_000
"""So long after its last moment as the newest a snapshot whose rows are at hand still answers."""
QUIET_MS = 15_000
"""Without a commit for this long, one looks whether anybody is there to write."""


class Places:
    """Finds the place of each question without asking Trino; lives on the event loop."""

    def __init__(self, newest: Newest, at_hand: AtHand | None, clock: Callable[[], int]) -> None:
        self._newest, self._at_hand, self._clock = newest, at_hand, clock

    async def find(self, question: Question) -> Window:
        """Find the snapshot and the time that a question is about.

        That is the snapshot whose rows are at hand, if they are enough and it was the newest a
        moment ago; else the newest. Raises EngineDown, NotReady, NotFound for a snapshot that is
        not there.
        """
        if self._at_hand is not None:
            self._at_hand.want()
        state = await self._newest.state()
        snapshot = state.current
        if question.snapshot is not None:
            snapshot = _pinned(question.snapshot, state)
        elif question.open_ended and snapshot is not None:
            await self._check_alive(snapshot)
        return self._placed(question, snapshot)

    def again(self, question: Question, window: Window) -> Window:
        """Find the place of a question anew, after what is known to have been committed since."""
        state = self._newest.known
        if question.snapshot is not None or state is None or state.current is None:
            return window
        return self._placed(question, state.current)

    def covering(self, window: Window) -> Recent | None:
        """Give the rows at hand if a whole window is among them."""
        return self._at_hand.covering(window) if self._at_hand else None

    def outdated_ms(self, question: Question, window: Window) -> float:
        """Say for how long a window has not been the newest any more; 0 while it is."""
        state, now = self._newest.known, self._clock()
        if state is None:
            return float("inf")
        return now - outdated_ms(question, window, state.snapshots, now)

    def _placed(self, question: Question, snapshot: Snapshot | None) -> Window:
        recent = self._at_hand.recent if self._at_hand else None
        if recent is not None and question.snapshot is None:
            window = placed(question, recent.snapshot, self._clock())
            if recent.covers(window) and self.outdated_ms(question, window) <= BEHIND_MS:
                return window
        return placed(question, snapshot, self._clock())

    async def _check_alive(self, newest: Snapshot) -> None:
        if self._clock() - newest.committed_ms <= QUIET_MS:
            return
        if fault := await self._newest.writer_fault():
            raise NotReady(
                f"{fault} The last commit was at {iso(utc(newest.committed_ms))}; `until=` asks "
                "about what was written before."
            )


def undone(held: Window, now: Window) -> bool:
    """Say whether an answer tells of a commit later than the newest: a rollback took it back."""
    before, newest = held.snapshot, now.snapshot
    return bool(before and newest and before.committed_ms > newest.committed_ms)


def _pinned(snapshot_id: int, state: State) -> Snapshot:
    found = next((s for s in state.snapshots if s.snapshot_id == snapshot_id), None)
    if found is None:
        ids = [s.snapshot_id for s in state.snapshots]
        kept = f"there are {len(ids)}, from {ids[0]} to {ids[-1]}" if ids else "there are none yet"
        raise NotFound(
            "snapshot", f"snapshot cannot be '{snapshot_id}': the table has no such one; {kept}."
        )
    return found
