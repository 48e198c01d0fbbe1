"""Fill `{name}` in SQL from a notebook's variables: values as literals, never as SQL. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from flightlib.errors import SqlError
from flightlib.flink.scan import pieces

_PLACE = re.compile(r"\{\{|\}\}|\{(\w+)\}", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
KINDS = "None, bool, int, float, Decimal, str, date, datetime, or a list of these"


def fill(sql: str, values: Mapping[str, Any]) -> str:
    """Replace each `{name}` by the value of that name, written as an SQL literal.

    Within '...' the value's text goes in with its quotes doubled; within `...` it has to be a
    plain name. `{{` and `}}` stand for braces; comments stay as they are. Raises SqlError for an
    unknown name or a value SQL cannot say.
    """
    writers = {"code": literal, "text": within_quotes, "name": as_name}
    return "".join(
        text if kind == "comment" else filled(text, values, writers[kind])
        for kind, text in pieces(sql)
    )


def fill_word(text: str, values: Mapping[str, Any]) -> str:
    """Replace each `{name}` in what is no SQL, such as an option, by the value's plain text."""
    return filled(text, values, lambda _name, value: str(value))


class Place(NamedTuple):
    """A `{name}` that stands in a text, and the value it is to take."""

    name: str
    value: Any


def filled(text: str, values: Mapping[str, Any], write: Callable[[str, Any], str]) -> str:
    """Replace each `{name}` by what `write` makes of it."""
    return "".join(
        write(*part) if isinstance(part, Place) else part for part in places(text, values)
    )


def places(text: str, values: Mapping[str, Any]) -> Iterator[str | Place]:
    """Cut a text at its `{name}`s; `{{` and `}}` become braces. Raises SqlError for no variable."""
    end = 0
    for found in _PLACE.finditer(text):
        yield text[end : found.start()]
        yield found[0][0] if found[1] is None else Place(found[1], _value(found[1], values))
        end = found.end()
    yield text[end:]


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name in values:
        return _plain(values[name])
    own = [n for n, held in values.items() if not n.startswith("_") and not callable(held)]
    near = get_close_matches(name, own, n=1)
    hint = f" Did you mean {{{near[0]}}}?" if near else ""
    raise SqlError(
        f"{{{name}}} is no variable of this notebook. Define {name} in the parameters cell and run "
        f"it, or write {{{{{name}}}}} for the text itself.{hint}"
    )


def _plain(value: Any) -> Any:
    """Take a single value out of numpy's wrapping."""
    if type(value).__module__ != "numpy" or getattr(value, "ndim", None) != 0:
        return value
    if value.dtype.kind == "M":  # nanoseconds would come out as a plain number, NaT as None
        return value.astype("datetime64[us]").item() or value
    return value.item() if value.dtype.kind != "m" else value


def elements(value: Any) -> list[Any]:
    """Give what a list, tuple or set holds, a set always in the same order."""
    # A set has another order in each kernel, and its text is to be the same.
    parts = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
    return [_plain(part) for part in parts]


def literal(name: str, value: Any, spell: Callable[[Any], str | None] = lambda _value: None) -> str:
    """Write a value as an SQL literal. Raises SqlError, naming the variable, if it has none.

    `spell` writes what an engine writes in its own way, and gives None for the rest.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return f"'{within_quotes(name, value)}'"
    if isinstance(value, list | tuple | set | frozenset) and value:
        return "(" + ", ".join(literal(name, v, spell).strip() for v in elements(value)) + ")"
    if (own := spell(value)) is not None:
        return own
    if isinstance(value, date) and value == value:  # pandas' NaT is a date, and not itself
        if isinstance(value, datetime):
            return f"TIMESTAMP '{_utc(value)}'"
        return f"DATE '{value.isoformat()}'"
    text = _number(name, value)
    return f" {text}" if text.startswith("-") else text  # after a minus it would begin a comment


def _number(name: str, value: Any) -> str:
    if not _is_finite(value):
        raise SqlError(
            f"{{{name}}} cannot be {_short(value)}, which SQL has no word for; allowed: {KINDS}."
        )
    return format(value, "f") if isinstance(value, Decimal) else repr(value)


def _is_finite(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _utc(moment: datetime) -> str:
    plain = moment if moment.tzinfo is None else moment.astimezone(timezone.utc)
    return plain.strftime("%Y-%m-%d %H:%M:%S.") + f"{plain.microsecond // 1000:03d}"


def within_quotes(name: str, value: Any) -> str:
    """Write a text or a number to stand between quotes. Raises SqlError for any other value."""
    if isinstance(value, str):
        if re.search("[\ud800-\udfff]", value):
            raise SqlError(f"{{{name}}} cannot be {_short(value)}: half a character is no text.")
        return value.replace("'", "''")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise SqlError(
            f"{{{name}}} within quotes cannot be {_short(value)}; allowed: a text or a number. "
            f"Take the quotes away: a value brings its own."
        )
    return _number(name, value)


def as_name(name: str, value: Any, quote: str = "`") -> str:
    """Write a plain name to stand between a name's quotes. Raises SqlError for anything else."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise SqlError(
        f"{quote}{{{name}}}{quote} cannot be {_short(value)}; "
        "allowed: a plain name of letters, digits and _."
    )


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
