"""What a Java stack trace means, in one line. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from flightlib.errors import nearest

_CAUSE = re.compile(
    r"^(?:Caused by: )?([\w.$]+\.[\w$]*(?:Exception|Error|Throwable)[\w$]*)(?:: (.*))?$"
)
_PLACE = re.compile(r"(?:From |at )line (\d+), column (\d+)(?: to line \d+, column \d+)?(?:: )?")
_WORDLESS = ("Failed to fetchResults.", "Failed to execute the operation", "Internal server error")
_MISSING = (
    ("table", re.compile(r"Object '([^']+)' not found")),
    ("table", re.compile(r"Cannot find table '(?:`[^`]+`\.)*`([^`]+)`'")),
    ("table", re.compile(r"Table with identifier '(?:[^'.]+\.)*([^'.]+)' does not exist")),
    ("column", re.compile(r"Column '([^']+)' not found in (?:any table|table '[^']+')")),
    ("function", re.compile(r"No match found for function signature (\w+)\(")),
)
_PLAIN = (
    (re.compile(r"Encountered \"(.*?)\""), r"\1 is not expected"),
    (re.compile(r"Incorrect syntax near the keyword '(\w+)'"), r"\1 is not expected"),
    (
        re.compile(r"Table \(or view\) (?:\w+\.)*(\w+) already exists.*"),
        r"table '\1' exists already",
    ),
)

Names = Callable[[str], Iterable[str]]


def causes(trace: str) -> list[str]:
    """List what each exception of a trace says, outermost first; silent ones by their kind."""
    found: list[str] = []
    for line in trace.splitlines():
        if found and line.startswith("Cause: "):  # the planner's own second sentence
            found[-1] = f"{found[-1].rstrip('.')}: {line.removeprefix('Cause: ').strip()}"
        cause = _CAUSE.match(line.strip()) if not line.startswith(("\t", " ")) else None
        if cause:
            text = (cause[2] or "").strip()
            found.append(text or cause[1].rsplit(".", 1)[-1])
    return found


def in_words(errors: Iterable[str], first_line: int = 1, names: Names = lambda _: ()) -> str:
    """Say in one line what Flink refuses, and where.

    `errors` are the texts of the gateway's answer. A position counts lines from `first_line`, the
    line of the cell in which the statement begins. `names("table")` gives the names there are, for
    a word that was misspelt; likewise "column" and "function".
    """
    errors = list(errors)
    if any("Failed to deserialize Avro" in error for error in errors):
        return "A message it read is not Avro. Run the cell again: it reads on after it."
    told = [text for error in errors for text in causes(error) if not text.startswith(_WORDLESS)]
    told = [text for text in told if not _CAUSE.match(text)] or list(errors)[-1:] or ["no reason"]
    place = next((found for text in reversed(told) if (found := _PLACE.search(text))), None)
    where = f" at line {int(place[1]) + first_line - 1}, column {place[2]}" if place else ""
    return f"Flink refuses this{where}: {_explained(_clean(told[-1]), names)}"


def _clean(text: str) -> str:
    text = _PLACE.sub("", " ".join(text.split())).replace(" . ", ". ")
    text = text.removeprefix("SQL validation failed. ").removeprefix("SQL parse failed. ")
    return text.strip().rstrip(".").strip()


def _explained(text: str, names: Names) -> str:
    for kind, pattern in _MISSING:
        if missing := pattern.search(text):
            return f"{kind} {missing[1]!r} not found.{near_or_all(missing[1], names(kind))}"
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    return f"{text}."


def near_or_all(word: str, known: Iterable[str]) -> str:
    """Hint at the name that was probably meant; when none is near, list the names there are."""
    known = list(known)
    listed = f" There are: {', '.join(sorted(known)[:12])}." if known else ""
    return nearest(word, known) or listed
