"""The positions of one chosen snapshot: the newest choice wins, and no snapshot is asked twice."""

from __future__ import annotations

import time

from flightlib.live import Answer, Poller, Question, Refused, ask

LOOK_S = 1.0
FRESH_S = 2.0  # the newest is followed no faster
MOST = 10_000


class Voyage:
    """Asks where the flights were at the snapshot that is wanted; one question at a time."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._wanted: int | None = None
        self._follows = True
        self._asked_s = float("-inf")
        self._refusal: tuple[int, Refused] | None = None
        self.poller: Poller[Answer] = Poller(self._ask, LOOK_S)

    def want(self, snapshot_id: int | None, follows: bool) -> None:
        """Want another snapshot; one that is only followed may wait a moment."""
        patient = follows and self._follows
        if (snapshot_id, follows) != (self._wanted, self._follows):
            self._wanted, self._follows = snapshot_id, follows
            if not patient:
                self._asked_s = float("-inf")
                self.poller.wake()

    def fits(self, answer: Answer) -> bool:
        """Say whether an answer is of the snapshot that is wanted, or nearly so if it follows."""
        return self._follows or answer.snapshot_id == str(self._wanted)

    def _ask(self) -> Answer | None:
        wanted, before = self._wanted, self.poller.newest
        if wanted is None or (before is not None and before.snapshot_id == str(wanted)):
            return before
        if before is not None and self._follows and time.monotonic() - self._asked_s < FRESH_S:
            return before
        if self._refusal is not None and self._refusal[0] == wanted:
            raise self._refusal[1]
        try:
            answer = ask(Question(self._path, snapshot=wanted, limit=MOST))
        except Refused as error:
            self._refusal = (wanted, error)
            raise
        self._asked_s = time.monotonic()
        return answer
