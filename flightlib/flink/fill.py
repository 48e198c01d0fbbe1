"""Fill `{name}` in SQL from a notebook's variables: values as literals, never as SQL. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

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
    writers = {"code": literal, "text": _within_quotes, "name": _as_name}
    return "".join(
        text if kind == "comment" else _filled(text, values, writers[kind])
        for kind, text in pieces(sql)
    )


def fill_word(text: str, values: Mapping[str, Any]) -> str:
    """Replace each `{name}` in what is no SQL, such as an option, by the value's plain text."""
    return _filled(text, values, lambda _name, value: value)


def _filled(text: str, values: Mapping[str, Any], write: Any) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][0]
        return str(write(found[1], _value(found[1], values)))

    return _PLACE.sub(one, text)


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
    """Take a single number out of numpy's wrapping."""
    wrapped = type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0
    return value.item() if wrapped else value


def literal(name: str, value: Any) -> str:
    """Write a value as an SQL literal. Raises SqlError, naming the variable, if it has none."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list | tuple | set | frozenset) and value:
        # A set has another order in each kernel, and its text is to be the same.
        parts = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return "(" + ", ".join(literal(name, _plain(one)).strip() for one in parts) + ")"
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


def _within_quotes(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value.replace("'", "''")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise SqlError(
            f"{{{name}}} within quotes cannot be {_short(value)}; allowed: a text or a number. "
            f"Take the quotes away: a value brings its own."
        )
    return _number(name, value)


def _as_name(name: str, value: Any) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise SqlError(
        f"`{{{name}}}` cannot be {_short(value)}; allowed: a plain name of letters, digits and _."
    )


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
