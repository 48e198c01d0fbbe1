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


def doubles(columns: Sequence[NDArray[np.float64]]) -> list[bytes]:
    """Write columns of doubles side by side, one piece of bytes for each row."""
    table = np.stack(columns, axis=1).astype("<f8", copy=False)
    return _rows(np.ascontiguousarray(table).view(np.uint8))


def varints(values: NDArray[np.int64], before: bytes = b"") -> list[bytes]:
    """Write a column of whole numbers, each after the same bytes."""
    signed = values.astype(np.int64, copy=False)
    left = ((signed << 1) ^ (signed >> 63)).view(np.uint64)
    length = np.ones(len(left), np.int8)
    for more in range(1, _LONGEST):
        length += left >= np.uint64(1 << 7 * more)
    lengths = np.flatnonzero(np.bincount(length)).tolist()
    if len(lengths) == 1:
        return _varints_of(left, lengths[0], before)
    found = np.empty(len(left), dtype=object)
    for same in lengths:
        rows = np.flatnonzero(length == same)
        found[rows] = _varints_of(left[rows], same, before)
    result: list[bytes] = found.tolist()
    return result


def _varints_of(left: NDArray[np.uint64], length: int, before: bytes) -> list[bytes]:
    """Write zigzag numbers that all take the same number of bytes."""
    table = np.empty((len(left), len(before) + length), np.uint8)
    table[:, : len(before)] = np.frombuffer(before, np.uint8)
    for place in range(length):
        more = 0x80 if place < length - 1 else 0
        digit = left >> np.uint64(7 * place) & np.uint64(0x7F)
        table[:, len(before) + place] = digit.astype(np.uint8) | np.uint8(more)
    return _rows(table)


def _rows(table: NDArray[np.uint8]) -> list[bytes]:
    result: list[bytes] = table.view(f"V{table.shape[1]}").ravel().tolist() if len(table) else []
    return result
