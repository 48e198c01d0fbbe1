"""The statements that shape a session, kept in an order in which another can be shaped alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

from flightlib.flink.scan import about, creates, names_in, one_line

_SET = re.compile(r"SET '([^']+)' =", re.IGNORECASE)


class Shaping:
    """The statements that shape sessions, numbered, so that each session knows what it lacks.

    Their order is one in which they can be run afresh: a cell with a CREATE that was changed and
    run again keeps its place before what uses it.
    """

    def __init__(self, statements: Iterable[str] = ()) -> None:
        self._kept: list[tuple[int, str]] = list(enumerate(statements, 1))
        self._last = len(self._kept)

    @property
    def statements(self) -> tuple[str, ...]:
        """Give them in the order to run them in."""
        return tuple(text for _, text in self._kept)

    def lacking(self, done: Set[int]) -> list[tuple[int, str]]:
        """Give those whose numbers are not among these."""
        return [row for row in self._kept if row[0] not in done]

    def before(self, statement: str) -> list[str]:
        """Give the DROP that makes room for a CREATE, if one of that name is remembered."""
        made = creates(statement)
        there = made is not None and made in [creates(text) for text in self.statements]
        return [f"DROP {made[0]} IF EXISTS {made[1]}"] if made and there else []

    def remember(self, statement: str) -> set[int]:
        """Keep a statement that was run, in place of what it undoes; give its numbers."""
        if "runtime-mode" in statement or self._holds(statement):
            return set()  # the mode is each session's own
        drops, made = self.before(statement), creates(statement)
        gone = {one_line(text) for text in (*drops, statement)}
        self._kept = [
            (number, text)
            for number, text in self._kept
            if one_line(text) not in gone and not (made and _undone(text, statement))
        ]
        place = self._make_place(statement)
        first = self._last + 1
        self._last += len(drops) + 1
        numbers = range(first, self._last + 1)
        self._kept[place:place] = zip(numbers, (*drops, statement), strict=True)
        return set(numbers)

    def _holds(self, statement: str) -> bool:
        """Say whether a SET or a CREATE is the last word on its subject already."""
        subject = _subject(statement)
        if subject is None or (about(statement) and not creates(statement)):
            return False
        for text in reversed(self.statements):
            if _subject(text) == subject:
                return one_line(text) == one_line(statement)
            if one_line(text).upper() == "RESET":
                return False
        return False

    def _make_place(self, statement: str) -> int:
        """Find the place before all that uses what a CREATE makes, and after all that it uses."""
        if not creates(statement):
            return len(self._kept)
        users = self._users(str(about(statement)))
        others = [row for row in self._kept if row not in users]
        place = self._kept.index(users[0]) if users else len(self._kept)
        later = [row for row in self._kept[place:] if row not in users]
        if any(creates(text) and about(text) in names_in(statement) for _, text in later):
            self._kept = [*others, *users]
            return len(others)
        return place

    def _users(self, name: str) -> list[tuple[int, str]]:
        """Give the CREATEs that use a name, or one that uses it."""
        names, found = {name}, list[tuple[int, str]]()
        for number, text in self._kept:
            if creates(text) and names & names_in(text):
                names.add(str(about(text)))
                found.append((number, text))
        return found


def _subject(statement: str) -> str | None:
    """Name the setting or the table, view or function that a statement is about."""
    setting = _SET.match(one_line(statement))
    return f"SET {setting[1]}" if setting else about(statement)


def _undone(text: str, statement: str) -> bool:
    """Say whether a CREATE makes void what an earlier statement made or altered."""
    altered = text.lstrip().upper().startswith("ALTER") and about(text) == about(statement)
    return altered or creates(text) == creates(statement)
