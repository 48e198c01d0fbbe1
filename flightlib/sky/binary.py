"""Avro's binary form, of single values and of whole columns of numbers.

`fastavro` writes records one by one; this writes a column at once. Only what a flight report is
made of is here: strings, whole numbers, doubles, and null.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.errors import RecordError

NULL, SOME = b"\x00", b"\x02"
_TYPES = ("string", "int", "long", "double")
_LONGEST = 10
_DOUBLE = struct.Struct("<d")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a schema: its name, its Avro type, and whether it may be null."""

    name: str
    type: str
    nullable: bool


def schema_fields(text: str) -> list[Field]:
    """Read a record's fields in order; raises RecordError for a type that is not written here."""
    return [_field(field["name"], field["type"]) for field in json.loads(text)["fields"]]


def _field(name: str, told: Any) -> Field:
    nullable = isinstance(told, list) and len(told) == 2 and told[0] == "null"
    plain = told[1] if nullable else told
    if isinstance(plain, dict) and "logicalType" in plain:
        plain = plain["type"]
    if plain not in _TYPES:
        raise RecordError(f"{name} cannot be written as {told!r}; allowed: {', '.join(_TYPES)}")
    return Field(name, plain, nullable)


def write(field: Field, value: Any) -> bytes:
    """Write one value of a field."""
    if field.nullable:
        return NULL if value is None else SOME + _plain(field.type, value)
    return _plain(field.type, value)


def _plain(kind: str, value: Any) -> bytes:
    if kind == "string":
        text: bytes = value.encode()
        return varint(len(text)) + text
    return _DOUBLE.pack(value) if kind == "double" else varint(value)


def varint(value: int) -> bytes:
    """Write a whole number of up to 64 bits: small ones, of either sign, take few bytes."""
    left = (value << 1) ^ (value >> 63)
    found = bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    found.append(left)
    return bytes(found)


def side_by_side(fields: Sequence[Field], columns: Sequence[NDArray[Any]]) -> list[bytes]:
    """Write columns of numbers side by side, one piece of bytes for each row; nothing is null."""
    cells = [_digits(f, column) for f, column in zip(fields, columns, strict=True)]
    # Rows whose whole numbers take as many bytes lie alike, and are written as one table.
    shape = np.zeros(len(columns[0]), np.int64)
    for field, (_, length) in zip(fields, cells, strict=True):
        if field.type != "double":
            shape = shape * (_LONGEST + 1) + length
    if len(shape) and (shape == shape[0]).all():
        return _table(fields, cells, slice(None))
    found = np.empty(len(shape), dtype=object)
    for alike in np.flatnonzero(np.bincount(shape)).tolist():
        rows = np.flatnonzero(shape == alike)
        found[rows] = _table(fields, cells, rows)
    result: list[bytes] = found.tolist()
    return result


_Cells = tuple[NDArray[Any], NDArray[np.int8]]
"""A column's numbers as they are written, and how many bytes each takes."""


def _digits(field: Field, column: NDArray[Any]) -> _Cells:
    if field.type == "double":
        return column.astype("<f8", copy=False), np.full(len(column), 8, np.int8)
    signed = column.astype(np.int64, copy=False)
    zigzag = ((signed << 1) ^ (signed >> 63)).view(np.uint64)
    length = np.ones(len(zigzag), np.int8)
    most = int(zigzag.max()) if len(zigzag) else 0
    for more in range(1, varint_bytes(most)):
        length += zigzag >= np.uint64(1 << 7 * more)
    return zigzag, length


def varint_bytes(zigzag: int) -> int:
    """Tell how many bytes a zigzag number takes."""
    return max(1, -(-zigzag.bit_length() // 7))


def _table(fields: Sequence[Field], cells: Sequence[_Cells], rows: Any) -> list[bytes]:
    """Write rows that lie alike, each number at once into its place in all of them."""
    lengths = [int(length[rows][0]) for _, length in cells]
    table = np.empty(len(cells[0][0][rows]), _layout(fields, lengths))
    for field, (values, _), length in zip(fields, cells, lengths, strict=True):
        if field.nullable:
            table[f"{field.name} is some"] = SOME[0]
        if field.type == "double":
            table[field.name] = values[rows]
        else:
            _write_varints(values[rows], length, table[field.name])
    result: list[bytes] = table.view(f"V{table.itemsize}").tolist()
    return result


def _layout(fields: Sequence[Field], lengths: Sequence[int]) -> list[tuple[Any, ...]]:
    """Lay out a row of numbers that take so many bytes, without any gap."""
    layout: list[tuple[Any, ...]] = []
    for field, length in zip(fields, lengths, strict=True):
        if field.nullable:
            layout.append((f"{field.name} is some", "u1"))
        double = field.type == "double"
        layout.append((field.name, "<f8") if double else (field.name, "u1", (length,)))
    return layout


def _write_varints(zigzag: NDArray[np.uint64], length: int, table: NDArray[np.uint8]) -> None:
    """Write numbers that all take so many bytes."""
    for place in range(length):
        # To fewer bits by cutting off: the lowest eight, of which seven are this digit's.
        digit = (zigzag >> np.uint64(7 * place)).astype(np.uint8)
        table[:, place] = digit | 0x80 if place < length - 1 else digit
