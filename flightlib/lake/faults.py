"""What Trino refuses, in one line, with its place in the cell and the name that was meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flightlib.errors import FlightlibError, LakeError, SqlError, nearest
from flightlib.flink.faults import near_or_all
from flightlib.lake.history import missing
from flightlib.lake.schemas import PLANS

Names = Callable[[str], Iterable[str]]

_WRAP = len("EXECUTE IMMEDIATE '")  # what the client puts before a statement that has values
LONGEST = 300
FEW = 6  # words that could follow, small enough a number to be listed
_AT = re.compile(r"line (\d+):(\d+): ")
_MISSING = (
    ("table", re.compile(r"(?:Table|View) '(?:[^'.]+\.)*([^'.]+)' does not exist")),
    ("table", re.compile(r"(?:Table|View) does not exist: (?:[^\s.]+\.)*([^\s.]+)")),
    ("column", re.compile(r"Column '([^']+)' cannot be resolved")),
    ("function", re.compile(r"Function '([^']+)' not registered")),
    ("schema", re.compile(r"Schema '([^']+)' does not exist")),
    ("schema", re.compile(r"Schema does not exist: (?:[^\s.]+\.)?([^\s.]+)")),
    ("catalog", re.compile(r"Catalog '([^']+)' not found")),
)
_TRAVEL = (
    (re.compile(r"Unsupported type for table version: \w+"), "a snapshot's number is a BIGINT"),
    (re.compile(r"Iceberg snapshot ID does not exists?: (-?\d+)"), r"there is no snapshot \1"),
    (re.compile(r"Cannot find snapshot with reference name: (.+)"), r"there is no snapshot '\1'"),
    (
        re.compile(r"No version history table .* at or before (\S+?)T(\S+?)Z?$"),
        r"the table had no snapshot yet at \1 \2 UTC",
    ),
)
_PLAIN = (
    (re.compile(r"backquoted identifiers.*"), 'Trino quotes a name with ", not with `'),
    (re.compile(r"Incorrect number of parameters.*"), "a bare ? is no value; write {name}"),
    (re.compile(r"Query was canceled"), "the query was cancelled on Trino"),
    (re.compile(r"(Expected: (?:\w+\(.*?\)+, ){2}\w+\(.*?\)+), .+"), r"\1, and more"),
)
_UNEXPECTED = re.compile(r"(?:mismatched|extraneous) input '(.+?)'(?:\.|,)? ?Expecting: (.*)")


@dataclass(frozen=True)
class Sent:
    """A statement as it was sent, and where it stands in its cell."""

    sql: str
    first_line: int = 1
    bound: bool = False  # with values, which the client wraps in a statement of its own


def refused(sent: Sent, kind: str, text: str, names: Names) -> FlightlibError:
    """Say in one line what Trino refuses, and where: `kind` and `text` are Trino's own.

    Lines count from the statement's first in the cell. `names` gives the names there are of a kind:
    "table", "column", "function", "schema", "catalog", "snapshot".
    """
    text = " ".join(text.split())
    at, said = _place(sent, kind, text), _AT.sub("", text, count=1).rstrip(". ")
    for what, pattern in _MISSING:
        if found := pattern.search(said):
            return _not_found(sent, at, what, found[1], names)
    for pattern, plain in _TRAVEL:
        if found := pattern.search(said):
            there = found.expand(plain)
            return LakeError(f"Trino refuses this{at}: {there}. {_snapshots(names('snapshot'))}")
    for pattern, plain in _PLAIN:
        said = pattern.sub(plain, said)
    said = _syntax(said)
    short = said if len(said) <= LONGEST else f"{said[:LONGEST].rstrip()}..."
    return SqlError(f"Trino refuses this{at}: {short}{'' if short[-1:] in ('.', '?') else '.'}")


def _place(sent: Sent, kind: str, text: str) -> str:
    found = _AT.search(text)
    if not found:
        return ""
    line, column = int(found[1]), int(found[2])
    if sent.bound and (line == 1 or kind == "SYNTAX_ERROR"):
        column -= _WRAP
    lines = sent.sql.split("\n")
    if line > len(lines) or not 1 <= column <= len(lines[line - 1]) + 1:
        return ""  # it lies in what the client has put around the statement
    return f" at line {line + sent.first_line - 1}, column {column}"


def _not_found(sent: Sent, at: str, what: str, word: str, names: Names) -> FlightlibError:
    if what == "table" and word in PLANS:
        return missing(word)
    last = word.rpartition(".")[2]
    known = list(names(what))
    hint = nearest(last, known) if what == "function" else near_or_all(last, known)
    quoted = re.search(f'"({re.escape(word)})"', sent.sql, re.IGNORECASE)  # Trino tells it small
    if what == "column" and quoted and not nearest(last, known):
        hint = f" A text is written '{quoted[1]}'; \"...\" quotes a name."
    kind = LakeError if what == "table" else SqlError
    return kind(f"Trino refuses this{at}: {what} {word!r} not found.{hint}")


def _snapshots(there: Iterable[str]) -> str:
    found = list(there)
    if not found:
        return "`fl.lake.snapshots()` lists those there are."
    return f"There are {len(found):,}: {found[0]} to {found[-1]}; `fl.lake.snapshots()` lists them."


def _syntax(said: str) -> str:
    """Say what is not expected, and what is, when that is no long list."""
    found = _UNEXPECTED.match(said)
    if not found:
        return said
    word, words = found[1], found[2].split(", ")
    known = [w.strip("'") for w in words if w.startswith("'")]
    known += ["SELECT"] if "<query>" in words else []
    few = f"; expected: {', '.join(words)}" if len(words) <= FEW else ""
    return f"{_unexpected(word)}{few}.{nearest(word, known)}"


def _unexpected(word: str) -> str:
    if word == "<EOF>":
        return "the statement ends too soon"
    if word == "'":
        return "a quote is not closed"
    return "a value is not expected here" if word == "?" else f"{word!r} is not expected here"
