"""Fill `{name}` in Trino's SQL: as a bound parameter wherever Trino takes one. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from flightlib.errors import SqlError
from flightlib.flink.fill import Place, as_name, elements, filled, literal, places, within_quotes
from flightlib.flink.scan import TRINO, first_word, pieces

BINDS = ("SELECT", "WITH", "VALUES", "TABLE", "INSERT", "DELETE", "UPDATE", "MERGE")
"""The statements whose values Trino takes as parameters; so does CREATE TABLE ... AS."""

INNER_SQL = ("EXECUTE", "PREPARE")
_AS_SELECT = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\b.*\bAS[\s(]+(?:SELECT|WITH)\b", re.DOTALL | re.IGNORECASE
)
_AS_OF = re.compile(r"\bAS\s+OF\s*\Z", re.IGNORECASE)
_ARGUMENT = re.compile(r"=>\s*\Z")
_TYPED = re.compile(r"\b(?:INTERVAL|DATE|TIME|TIMESTAMP)\s*\Z", re.IGNORECASE)
SEEN = 80
"""So many letters before a place decide whether Trino takes a parameter there."""
_SMALL, _LARGE = 2**31, 2**63


@dataclass(frozen=True)
class Bound:
    """A statement as Trino gets it: SQL with `?`, the values of these, and the whole to be read."""

    sql: str
    values: tuple[Any, ...]
    shown: str


class _Part(NamedTuple):
    sql: str
    shown: str
    values: tuple[Any, ...] = ()


def bind(sql: str, values: Mapping[str, Any]) -> Bound:
    """Make each `{name}` of one statement a parameter, or a literal where Trino takes none.

    A list becomes `(?, ?, ...)`. Within '...' the value's text goes in with its quotes doubled;
    within "..." it has to be a plain name. `{{` and `}}` stand for braces; comments stay as they
    are. Raises SqlError for an unknown name or a value SQL cannot say.
    """
    if (word := first_word(sql, TRINO)) in INNER_SQL:
        raise SqlError(
            f"{word} runs a text as SQL, and in it a value could become SQL. "
            "Write the statement itself, with {name} for each value."
        )
    parts = tuple(_parts(sql, values))
    return Bound(
        "".join(part.sql for part in parts),
        tuple(value for part in parts for value in part.values),
        "".join(part.shown for part in parts),
    )


def _parts(sql: str, values: Mapping[str, Any]) -> Iterator[_Part]:
    binds, before = takes_parameters(sql), ""  # `before` is what matters of the code so far
    writers: dict[str, Callable[[str, Any], str]] = {
        "text": within_quotes,
        "name": partial(as_name, quote='"'),
    }
    for kind, text in pieces(sql, TRINO):
        if kind == "code":
            for part in places(text, values):
                yield (made := _code(part, before, binds))
                before = (before + made.sql)[-SEEN:]
        else:
            same = text if kind == "comment" else filled(text, values, writers[kind])
            before = (before + (" " if kind == "comment" else same))[-SEEN:]
            yield _Part(same, same)


def takes_parameters(sql: str) -> bool:
    """Say whether a statement is one whose values Trino takes as parameters."""
    bare = "".join(text for kind, text in pieces(sql, TRINO) if kind == "code")
    return first_word(sql, TRINO) in BINDS or _AS_SELECT.match(bare.strip()) is not None


def _code(part: str | Place, before: str, binds: bool) -> _Part:
    if isinstance(part, str):
        return _Part(part, part)
    shown = _literal(part, before)
    fixed = any(place.search(before) for place in (_AS_OF, _ARGUMENT, _TYPED))
    if fixed or not binds or _is_early(part.value):
        return _Part(shown, shown)
    marks, given = _parameters(part.value)
    # Blanks up to the place's own length: what follows stays in its column, as errors count it.
    return _Part(marks.ljust(len(part.name) + 2), shown, tuple(given))


def _literal(place: Place, before: str) -> str:
    shown, value = literal(place.name, place.value, _spelling), place.value
    if _AS_OF.search(before) and type(value) is int and -_SMALL <= value < _SMALL:
        return f"BIGINT '{value}'"  # Trino takes a plain small number for no snapshot
    if _TYPED.search(before) and isinstance(value, int | date):
        return "'" + shown.strip().removesuffix("'").rpartition("'")[2] + "'"
    return shown


def _is_early(value: Any) -> bool:
    """Say whether this is a time that Trino's client writes with too few digits of the year."""
    return isinstance(value, date) and value.year < 1000


def _parameters(value: Any) -> tuple[str, list[Any]]:
    if not isinstance(value, list | tuple | set | frozenset):
        return "?", [_parameter(value)]
    parts = [_parameters(one) for one in elements(value)]
    marks = "(" + ", ".join(mark for mark, _ in parts) + ")"
    return marks, [given for _, several in parts for given in several]


def _parameter(value: Any) -> Any:
    """Make a value one that Trino's client writes as it should: the client knows few kinds."""
    if isinstance(value, datetime):
        return _moment(value)
    return Decimal(value) if _is_large(value) else value


def _is_large(value: Any) -> bool:
    return isinstance(value, int) and not -_LARGE <= value < _LARGE


def _moment(value: datetime) -> datetime:
    """Give a plain datetime, in UTC if it knows its time zone."""
    aware = value.tzinfo is not None
    utc = value.astimezone(timezone.utc) if aware else value
    fields = (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond)
    return datetime(*fields, tzinfo=timezone.utc if aware else None)


def _spelling(value: Any) -> str | None:
    """Write what Trino writes in its own way."""
    if isinstance(value, datetime) and value == value:  # pandas' NaT is not itself
        moment = _moment(value)
        zone = " UTC" if moment.tzinfo else ""
        return f"TIMESTAMP '{moment.replace(tzinfo=None).isoformat(' ', 'microseconds')}{zone}'"
    if isinstance(value, float) and math.isfinite(value):
        return f"DOUBLE '{float(value)!r}'"
    if _is_large(value) or (isinstance(value, Decimal) and value.is_finite()):
        return f"DECIMAL '{Decimal(value):f}'"
    return None
