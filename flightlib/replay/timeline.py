"""When a recorded moment is published: straight pieces, one after each turn of the speed. Pure."""

from __future__ import annotations

from typing import NamedTuple

MOST_PIECES = 64


class Piece(NamedTuple):
    """From `recorded_ms` on the recording runs `speed` times as fast, beginning at a moment."""

    recorded_ms: int
    published_ms: int
    speed: float

    def at(self, recorded_ms: int) -> int:
        """Say when a recorded moment is published, also one before this piece."""
        return self.published_ms + round((recorded_ms - self.recorded_ms) / self.speed)


class Timeline:
    """Joins the time of a recording (epoch ms) to that of its reader.

    A later recorded moment is never published before an earlier one, whatever was turned: late
    reports keep the piece they belong to.
    """

    def __init__(self, recorded_ms: int, published_ms: int, speed: float) -> None:
        self._pieces = [Piece(recorded_ms, published_ms, speed)]

    def turn(self, recorded_ms: int, published_ms: int, speed: float) -> None:
        """Go on from a moment at another speed, or after a pause."""
        begins = max(published_ms, self.piece(recorded_ms).at(recorded_ms))
        kept = [p for p in self._pieces if p.recorded_ms < recorded_ms]
        self._pieces = [*kept[1 - MOST_PIECES :], Piece(recorded_ms, begins, speed)]

    def piece(self, recorded_ms: int) -> Piece:
        """Find the piece that a recorded moment belongs to."""
        pieces = self._pieces
        for piece in reversed(pieces):
            if piece.recorded_ms <= recorded_ms:
                return piece
        return pieces[0]

    def recorded_ms(self, published_ms: int) -> int:
        """Say which recorded moment is due at a moment of the reader's clock."""
        newest = self._pieces[-1]
        return newest.recorded_ms + round((published_ms - newest.published_ms) * newest.speed)
