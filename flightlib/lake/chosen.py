"""Those of the rows at hand that a question is about, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flightlib.lake.questions import Question, Window
from flightlib.lake.recent import TYPES, Array, Columns, Names, Recent, cut

Rows = list[tuple[Any, ...]]


class Part:
    """Those rows of one block that were picked; None picks them all."""

    def __init__(self, block: Columns, rows: Array | None = None) -> None:
        self._block, self._rows = block, rows

    def __len__(self) -> int:
        return len(self._block["timestamp"] if self._rows is None else self._rows)

    def column(self, name: str) -> Array:
        """Give a column of these rows."""
        return self._block[name] if self._rows is None else self._block[name][self._rows]

    def end_us(self, row: int) -> int:
        """Give the time of the first (0) or the last (-1) row."""
        return int(self._block["timestamp"][row if self._rows is None else self._rows[row]])


class Chosen:
    """The rows of a question, the oldest first; a column is laid out when it is asked for."""

    def __init__(self, parts: Sequence[Part], names: Mapping[str, Names]) -> None:
        self.names = names
        self._parts = parts
        self._columns: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self._columns:
            self._columns[name] = np.concatenate([part.column(name) for part in self._parts])
        return self._columns[name]

    def newest(self, count: int) -> Chosen:
        """Give those parts that have so many of the newest rows, and all of the same times."""
        taken: list[Part] = []
        for part in reversed(self._parts):
            if not len(part):
                continue
            if sum(map(len, taken)) >= count and part.end_us(-1) < taken[0].end_us(0):
                break
            taken = [part, *taken]
        return Chosen(taken or self._parts, self.names)

    def at(self, rows: Array, names: tuple[str, ...]) -> Rows:
        """Give some of the rows, with these columns, as Trino's client gives them."""
        return list(zip(*(self._told(name, self[name][rows]) for name in names), strict=True))

    def _told(self, name: str, values: Array) -> list[Any]:
        if name in self.names:
            return self.names[name].told(values)
        if TYPES[name] == "timestamp":
            return moments(values)
        return list(values.tolist())


def chosen(question: Question, window: Window, recent: Recent) -> Chosen:
    """Choose the rows of a window that a question's conditions let through."""
    blocks = recent.between(window.since, window.until) or [cut(recent.blocks[0], slice(0))]
    return Chosen([_picked(question, block, recent.names) for block in blocks], recent.names)


def _picked(question: Question, block: Columns, names: Mapping[str, Names]) -> Part:
    words = {"status": question.status, "region": question.region}
    if question.flight_id:
        words["flight_id"] = (question.flight_id,)
    masks = [np.isin(block[n], names[n].known(given)) for n, given in words.items() if given]
    if question.min_altitude is not None:
        masks.append(block["altitude"] >= question.min_altitude)
    if question.max_altitude is not None:
        masks.append(block["altitude"] <= question.max_altitude)
    return Part(block, np.flatnonzero(np.logical_and.reduce(masks)) if masks else None)


def moments(values: Array) -> list[Any]:
    """Give moments as Trino's client gives them."""
    return list(values.view("datetime64[us]").tolist())
