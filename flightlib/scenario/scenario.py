"""`Scenario`: something that happens to a sky, started now, and stopped when it has been seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from importlib.resources import files
from itertools import islice
from pathlib import Path
from re import fullmatch
from typing import Any

from flightlib.errors import SettingError, not_allowed
from flightlib.scenario import reading, runs
from flightlib.scenario.model import Script
from flightlib.scenario.spans import in_words
from flightlib.scenario.step import Include, Step
from flightlib.sky import Sky

DEEPEST = 5
MOST_STEPS = 200
ENDINGS = (".yaml", ".yml")


class Scenario:
    """Something to happen in a sky: `fl.Scenario("storm").start(sky)`, while its reports flow.

    `name` is one of those that `fl.scenarios()` lists. A scenario is data: a title, what to watch
    for, and steps with their times, each of which disturbs the flights (a storm, a hold) or the
    way of their reports (an outage, late ones). `Scenario.from_file` reads one of your own.

    Raises SettingError for a name that does not exist, or a file that is not as it should be.
    """

    def __init__(self, name: str) -> None:
        self._fill(name, _builtin(name), None)

    @classmethod
    def from_file(cls, path: str | Path) -> Scenario:
        """Read a scenario of your own: a small YAML file.

        It may include the built-in ones by name, and files beside it. Raises SettingError in one
        line: the file, the line, what was given and what is allowed.
        """
        made = cls.__new__(cls)
        where = Path(path)
        made._fill(where.stem, reading.read(where), where.parent)
        return made

    def _fill(self, name: str, script: Script, folder: Path | None) -> None:
        self.name, self.title, self.watch = name, script.title, script.watch
        steps = tuple(islice(_unrolled(script, folder, 0, (name,)), MOST_STEPS + 1))
        if len(steps) > MOST_STEPS:
            raise SettingError(f"{name} includes more than {MOST_STEPS} steps in all.")
        self.steps: tuple[tuple[int, Step], ...] = tuple(sorted(steps, key=lambda one: one[0]))

    @property
    def lasts_ms(self) -> int:
        """How long it goes on, in milliseconds; nothing for what happens at a moment."""
        return max(at_ms + step.lasts_ms for at_ms, step in self.steps)

    def disturbances(self, region: str, at_ms: int) -> tuple[Any, ...]:
        """Give what disturbs a sky over a region when it is started at a time.

        Raises SettingError for an airport that the region has not.
        """
        return tuple(
            one
            for later_ms, step in self.steps
            for one in step.disturbances(region, at_ms + later_ms)
        )

    def start(self, sky: Sky, at_ms: int | None = None) -> Scenario:
        """Let it happen in a sky, now or at a time (ms since 1970 UTC); returns this scenario.

        Streams that run already see it from then on. A scenario that runs is started anew.
        """
        runs.start(sky, self, now_ms() if at_ms is None else at_ms)
        return self

    def stop(self, sky: Sky, at_ms: int | None = None) -> None:
        """End it in a sky, now or at a time, if it runs there; what it held back comes at once."""
        runs.stop(sky, now_ms() if at_ms is None else at_ms, self.name)

    def __repr__(self) -> str:
        lasts = f", {in_words(self.lasts_ms)}" if self.lasts_ms else ""
        return f"Scenario {self.name!r}: {self.title}{lasts}. {self.watch}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_since(at_ms)}</td><td>{in_words(step.lasts_ms) if step.lasts_ms else ''}"
            f"</td><td style='text-align:left'>{escape(step.words())}</td></tr>"
            for at_ms, step in self.steps
        )
        return (
            f"<strong>{escape(self.title)}</strong> <code>{escape(self.name)}</code>"
            f"<p style='margin:.3em 0'>{escape(self.watch)}</p>"
            "<table><tr><th>begins</th><th>lasts</th><th style='text-align:left'>what happens</th>"
            f"</tr>{rows}</table>"
        )


class Scenarios(tuple[Scenario, ...]):
    """Several scenarios, which show themselves as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(f"{one.name:14} {one.title}" for one in self)

    def _repr_html_(self) -> str:
        style = "style='text-align:left'"
        rows = "".join(
            f"<tr><td {style}><code>{escape(one.name)}</code></td>"
            f"<td {style}>{escape(one.title)}</td><td>{in_words(one.lasts_ms)}</td>"
            f"<td {style}>{escape(one.watch)}</td></tr>"
            for one in self
        )
        heads = "".join(f"<th {style}>{word}</th>" for word in ("name", "title", "lasts", "watch"))
        return f"<table><tr>{heads}</tr>{rows}</table>"


def scenarios() -> Scenarios:
    """List the scenarios that come with flightlib, as a table."""
    return Scenarios(Scenario(name) for name in names())


def chosen(word: str) -> Scenario:
    """Find a scenario by its name, or by the path of its file.

    Raises SettingError for a word that is neither.
    """
    if word.endswith(ENDINGS):
        return Scenario.from_file(word)
    return Scenario(word)


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """List the names of the built-in scenarios."""
    found = (file.name for file in (files("flightlib.scenario") / "builtin").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


@lru_cache(maxsize=32)
def _builtin(name: str) -> Script:
    if name not in names():
        raise SettingError(not_allowed("A scenario", name, names()) + " A file ends in .yaml.")
    file = files("flightlib.scenario") / "builtin" / f"{name}.yaml"
    return reading.parse(file.read_text(encoding="utf-8"), f"{name}.yaml")


def _unrolled(
    script: Script, folder: Path | None, at_ms: int, within: tuple[str, ...]
) -> Iterator[tuple[int, Step]]:
    """Put the steps of what a scenario includes in their places."""
    for step in script.steps:
        begin_ms = at_ms + step.at
        if not isinstance(step, Include):
            yield begin_ms, step
            continue
        name = step.scenario
        way = " > ".join((*within, name))
        if name in within:
            raise SettingError(f"{within[0]} includes itself: {way}.")
        if len(within) >= DEEPEST:
            raise SettingError(f"{within[0]} includes too deep; allowed: {DEEPEST} levels: {way}.")
        beside = folder / f"{name}.yaml" if folder and fullmatch(r"[\w-]+", name) else None
        own = beside is not None and beside.is_file()
        inner = reading.read(beside) if beside is not None and own else _builtin(name)
        yield from _unrolled(inner, folder if own else None, begin_ms, (*within, name))


def _since(at_ms: int) -> str:
    return f"after {in_words(at_ms)}" if at_ms else "at once"


def now_ms() -> int:
    """Say what time it is, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
