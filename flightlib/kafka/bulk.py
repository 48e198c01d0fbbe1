"""Decode many messages of one schema at once, field by field for all of them.

fastavro reads a report in some 20 µs, message by message, which is a whole core for a sky of
10,000 flights through Flink. Here each field is read from all messages together, as numpy columns.
What comes out equals `records.decode`; a message that is not as it should be is left to that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 5
VARINT_BYTES = 10  # of the longest 64-bit number; https://avro.apache.org/docs/1.12.0/specification
PAD = bytes(16)  # what lies behind the last message may be looked at, and is not taken

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Field(NamedTuple):
    """A field as it lies in the bytes; `null` is the branch of a union that is none, or -1."""

    name: str
    kind: str
    null: int


def fields_of(schema: str) -> tuple[Field, ...] | None:
    """Read a record's fields; None if one is other than text, a number, or none or one of these."""
    told = json.loads(schema)
    found = [_field(field) for field in told.get("fields", ())] if isinstance(told, dict) else []
    known = [field for field in found if field is not None]
    return tuple(known) if known and len(known) == len(found) else None


def _field(told: dict[str, Any]) -> Field | None:
    kind, null = told["type"], -1
    if isinstance(kind, list):
        if len(kind) != 2 or kind.count("null") != 1:
            return None
        null = kind.index("null")
        kind = kind[1 - null]
    if isinstance(kind, dict):  # a logical type: the number that stands for it is wanted
        kind = kind.get("type")
    return Field(told["name"], kind, null) if kind in ("string", "double", "int", "long") else None


class Bulk:
    """Decodes messages of one schema, given as what `fields_of` read from it."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._fields, self._names = fields, tuple(field.name for field in fields)

    def __call__(self, payloads: Sequence[bytes]) -> list[dict[str, Any] | None]:
        """Decode payloads to dicts; None for each that is not just one record of the schema."""
        if not payloads:
            return []
        sheet = _Sheet(payloads)
        columns = [sheet.column(field) for field in self._fields]
        good = sheet.good()
        if good.all():
            return [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]
        rows = zip(*columns, good.tolist(), strict=True)
        return [dict(zip(self._names, row, strict=False)) if row[-1] else None for row in rows]


class _Sheet:
    """Messages side by side, each read up to `_at`; what went wrong in one stays in its row."""

    def __init__(self, payloads: Sequence[bytes]) -> None:
        self._raw = b"".join((*payloads, PAD))
        self._bytes = np.frombuffer(self._raw, np.uint8)
        lengths = np.fromiter(map(len, payloads), np.int64, len(payloads))
        self._ends = np.cumsum(lengths)
        self._starts = self._ends - lengths
        self._ok = lengths > HEADER_BYTES
        self._at = np.where(self._ok, self._starts + HEADER_BYTES, self._starts)

    def good(self) -> Flags:
        """Say which messages were read to their very end, and not beyond."""
        whole: Flags = self._ok & (self._at == self._ends)
        return whole

    def column(self, field: Field) -> list[Any]:
        """Read the next field of all messages; what is none, or wrong, is None."""
        here = self._present(field.null) if field.null >= 0 else self._ok
        if field.kind == "string":
            return self._texts(here)
        read = self._doubles if field.kind == "double" else self._numbers
        values: list[Any] = read(here).tolist()
        for row in np.flatnonzero(~here).tolist():
            values[row] = None
        return values

    def _present(self, null: int) -> Flags:
        """Read which branch of a union of two each row took: where is a value?"""
        branch = self._bytes[self._at] >> 1
        wrong = (self._bytes[self._at] & 1).astype(bool) | (branch > 1)
        self._move(self._at + 1, wrong)
        here: Flags = self._ok & (branch != null)
        return here

    def _move(self, to: Ints, wrong: Flags | None = None) -> None:
        """Go on to there, but where that is beyond a message or wrong: such a row is given up."""
        lost = to > self._ends
        if wrong is not None:
            lost |= wrong
        if lost.any():
            self._ok &= ~lost
        self._at = np.where(self._ok, to, self._starts)

    def _numbers(self, here: Flags) -> Ints:
        """Read a number of one to ten bytes, seven bits each, where there is one (zigzag)."""
        first = np.where(here, self._bytes[self._at], 0)
        value = (first & 0x7F).astype(np.uint64)
        count = here.astype(np.int64)
        wrong = None
        going = np.flatnonzero(first & 0x80)
        for place in range(1, VARINT_BYTES):
            if not len(going):
                break
            # A row may end within its number: what lies there is looked at, and not taken.
            piece = self._bytes[np.minimum(self._at[going] + place, len(self._bytes) - 1)]
            value[going] |= (piece & 0x7F).astype(np.uint64) << np.uint64(7 * place)
            count[going] += 1
            going = going[piece >= 0x80]
        if len(going):
            wrong = np.zeros(len(value), np.bool_)
            wrong[going] = True
        self._move(self._at + count, wrong)
        half = (value >> np.uint64(1)).astype(np.int64)
        return np.where(value & np.uint64(1), ~half, half)

    def _doubles(self, here: Flags) -> NDArray[np.float64]:
        places = np.minimum(self._at[:, None] + np.arange(8), len(self._bytes) - 1)
        values = np.ascontiguousarray(self._bytes[places]).view("<f8")[:, 0]
        self._move(self._at + 8 * here)
        return values

    def _texts(self, here: Flags) -> list[str | None]:
        lengths = self._numbers(here)
        begins = self._at
        # No text is longer than its message; one that says so would point anywhere.
        fits = (lengths >= 0) & (lengths <= self._ends - begins)
        self._move(begins + np.where(fits, lengths, 0), ~fits)
        raw = self._raw
        spans = zip(begins.tolist(), self._at.tolist(), (here & self._ok).tolist(), strict=True)
        try:
            return [raw[begin:end].decode() if is_one else None for begin, end, is_one in spans]
        except UnicodeDecodeError:
            return self._careful(begins, here & self._ok)

    def _careful(self, begins: Ints, here: Flags) -> list[str | None]:
        """Decode texts some of which are none; their rows are given up."""
        values: list[str | None] = [None] * len(begins)
        for row in np.flatnonzero(here).tolist():
            try:
                values[row] = self._raw[begins[row] : self._at[row]].decode()
            except UnicodeDecodeError:
                self._ok[row] = False
        self._at = np.where(self._ok, self._at, self._starts)
        return values
