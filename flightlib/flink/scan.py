"""Read SQL just far enough to tell code from quoted text and comments. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple

Kind = Literal["code", "text", "name", "comment"]


@dataclass(frozen=True)
class Dialect:
    """How an engine writes comments and quoted names; 'text' is quoted alike by all."""

    quote: str  # around a name, doubled within it
    line: str  # a pattern: what begins a comment that the line ends
    block: str  # a pattern: what begins a comment that */ ends
    token: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        q, line, block = self.quote, self.line, self.block
        pattern = rf"""
            (?P<comment> (?:{line})[^\n\r]* | {block}.*?(?:\*/|\Z) )
            | (?P<text> '(?:[^']|'')*(?:'|\Z) )
            | (?P<name> {q}(?:[^{q}]|{q}{q})*(?:{q}|\Z) )
            | (?P<code> (?: (?!{line}|{block})[^'{q}] )+ )
        """
        object.__setattr__(self, "token", re.compile(pattern, re.VERBOSE | re.DOTALL))


FLINK = Dialect("`", line="--|//", block=r"/\*(?!\+)")  # /*+ is a hint: SQL
TRINO = Dialect('"', line="--", block=r"/\*")


class Piece(NamedTuple):
    """A run of SQL: code, 'quoted text', a quoted name or a comment; its quotes included."""

    kind: Kind
    text: str


class Statement(NamedTuple):
    """One statement of a script, and the line of the script it begins in (the first is 1)."""

    text: str
    line: int


def pieces(sql: str, dialect: Dialect = FLINK) -> Iterator[Piece]:
    """Cut SQL into pieces; joined, their texts are the whole again."""
    for found in dialect.token.finditer(sql):
        kind: Kind = found.lastgroup  # type: ignore[assignment]
        yield Piece(kind, found.group())


def statements(sql: str, dialect: Dialect = FLINK) -> list[Statement]:
    """Cut a script into its statements at the semicolons; comments alone are no statement.

    Flink's statement set (`EXECUTE STATEMENT SET BEGIN ... END`) is one statement.
    """
    found: list[Statement] = []
    text, line = "", 1
    for cut in (*_cuts(sql, dialect), None):
        if cut is None or (cut == ";" and not _is_open_set(text)):
            if _bare(text, dialect):
                lead = len(text) - len(text.lstrip())
                found.append(Statement(text.strip(), line + text[:lead].count("\n")))
            line += text.count("\n")
            text = ""
        else:
            text += cut
    return found


def _cuts(sql: str, dialect: Dialect) -> Iterator[str]:
    for kind, text in pieces(sql, dialect):
        yield from re.split(r"(;)", text) if kind == "code" else [text]


def _is_open_set(text: str) -> bool:
    bare = _bare(text)
    begun = re.match(r"(?:EXPLAIN\s+)?(?:EXECUTE\s+)?STATEMENT\s+SET\b", bare, re.IGNORECASE)
    # Its END comes after a semicolon; any other is that of a CASE.
    return bool(begun) and not re.search(r";\s*END$", bare, re.IGNORECASE)


def _bare(text: str, dialect: Dialect = FLINK) -> str:
    return "".join(t for kind, t in pieces(text, dialect) if kind != "comment").strip()


def first_word(statement: str, dialect: Dialect = FLINK) -> str:
    """Give the word a statement begins with, in capitals; empty if it begins with no word."""
    found = re.match(r"[\s(]*(\w+)", _bare(statement, dialect))
    return found[1].upper() if found else ""


_CREATE = re.compile(
    r"CREATE\s(?:OR REPLACE\s)?((?:TEMPORARY\s)?(?:SYSTEM\s)?(?:TABLE|VIEW|FUNCTION))\s"
    r"(?:IF NOT EXISTS\s)?((?:(?:`[^`]+`|\w+)\.)*(?:`[^`]+`|\w+))",
    re.IGNORECASE,
)


_ABOUT = re.compile(
    r"(?:CREATE|DROP|ALTER)\s(?:OR REPLACE\s)?(?:TEMPORARY\s)?(?:SYSTEM\s)?"
    r"(?:TABLE|VIEW|FUNCTION)\s"
    r"(?:IF (?:NOT )?EXISTS\s)?(?:(?:`[^`]+`|\w+)\.)*(`[^`]+`|\w+)",
    re.IGNORECASE,
)


def about(statement: str) -> str | None:
    """Name the table, view or function a CREATE, DROP or ALTER is about, as `names_in` does."""
    found = _ABOUT.match(one_line(statement))
    return found[1].strip("`").lower() if found else None


_TARGET = re.compile(r"\bINSERT\s(?:INTO|OVERWRITE)\s((?:(?:`[^`]+`|\w+)\.)*(?:`[^`]+`|\w+))", re.I)


def targets(statement: str, catalog: str) -> set[str]:
    """Name the tables of a catalog that a statement's INSERTs write to; a bare name may be one."""
    code = "".join(text for kind, text in pieces(one_line(statement)) if kind != "text")
    paths = [
        [part.strip("`").lower() for part in re.findall(r"`[^`]+`|\w+", path)]
        for path in _TARGET.findall(code)
    ]
    return {path[-1] for path in paths if len(path) == 1 or path[0] == catalog}


def names_in(sql: str) -> set[str]:
    """Give every word of a statement and every quoted name, in small letters."""
    quoted = {text.strip("`").lower() for kind, text in pieces(sql) if kind == "name"}
    return quoted | set(re.findall(r"\w+", sql.lower()))


def creates(statement: str) -> tuple[str, str] | None:
    """Tell what a CREATE makes, as ("TEMPORARY VIEW", "`name`"); None for another statement."""
    found = _CREATE.match(one_line(statement))
    if found is None:
        return None
    path = re.findall(r"`[^`]+`|\w+", found[2])
    return found[1].upper(), ".".join(f"`{part.strip('`')}`" for part in path)


def one_line(statement: str) -> str:
    """Write a statement without comments and with single spaces, to compare it with another."""
    kept = ""
    for plain, run in groupby(pieces(statement), lambda piece: piece.kind in ("code", "comment")):
        text = "".join(" " if kind == "comment" else text for kind, text in run)
        kept += re.sub(r"\s+", " ", text) if plain else text
    return kept.strip().rstrip(";").strip()
