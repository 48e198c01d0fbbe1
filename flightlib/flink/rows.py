"""A query's rows as they stand, made from its changes. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from flightlib.flink.gateway import Change

Row = tuple[Any, ...]
MOST = 10_000
_PENDING = 16  # places kept for the second half of an update; a filter may have taken that half


class Rows:
    """Applies INSERT, UPDATE_BEFORE, UPDATE_AFTER and DELETE; keeps at most the newest `most` rows.

    An updated row stays in its place; between the two halves of an update it is not shown.
    """

    def __init__(self, most: int = MOST) -> None:
        self.total = 0  # rows that came, updates included
        self._most = most
        self._rows: OrderedDict[int, Row | None] = OrderedDict()
        self._places: dict[str, list[int]] = {}
        self._vacant: list[int] = []
        self._next = 0

    def apply(self, changes: Iterable[Change]) -> None:
        """Take in changes in the order they came."""
        for kind, row in changes:
            if kind in ("UPDATE_BEFORE", "DELETE"):
                self._take_out(row, keep_place=kind == "UPDATE_BEFORE")
            else:
                self.total += 1
                self._put_in(row, update=kind == "UPDATE_AFTER")

    def _put_in(self, row: Row, update: bool) -> None:
        if update and self._vacant:
            place = self._vacant.pop()
        else:
            place, self._next = self._next, self._next + 1
        self._rows[place] = row
        self._places.setdefault(repr(row), []).append(place)
        while len(self._rows) > self._most:
            oldest, gone = self._rows.popitem(last=False)
            if gone is None:
                self._vacant.remove(oldest)
            else:
                self._forget(gone, oldest)

    def _take_out(self, row: Row, keep_place: bool) -> None:
        places = self._places.get(repr(row))
        if not places:
            return  # so old that it was let go
        place = places[0]
        self._forget(row, place)
        if keep_place:
            self._rows[place] = None
            self._vacant.append(place)
        else:
            self._rows.pop(place, None)
        if len(self._vacant) > _PENDING:
            self._rows.pop(self._vacant.pop(0), None)

    def _forget(self, row: Row, place: int) -> None:
        places = self._places.get(repr(row), [])
        if place in places:
            places.remove(place)
        if not places:
            self._places.pop(repr(row), None)

    def now(self) -> tuple[Row, ...]:
        """Give the rows as they stand, oldest first."""
        return tuple(row for row in self._rows.values() if row is not None)
