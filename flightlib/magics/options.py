"""The options after a magic, read word by word; a wrong one is an error in one line."""

from __future__ import annotations

import argparse
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from flightlib import durations
from flightlib.errors import SqlError, not_allowed
from flightlib.flink import fill_word

LONGEST_S = 7 * 86_400.0
LIVE_S = 5.0
"""How long a live query rests at least, unless `--live` says otherwise."""
SHORTEST_S = 1.0
NEEDS = ("pyflink",)


@dataclass(frozen=True)
class Options:
    """What was asked of one cell of `%%flink`; times are seconds."""

    job: str | None = None
    since_s: float | None = None
    limit: int | None = None
    for_s: float | None = None
    into: str | None = None
    name: str | None = None
    bounded: bool = False
    stop: bool = False
    skip: bool = False
    needs: str | None = None
    function: str | None = None
    sql: str = ""


@dataclass(frozen=True)
class TrinoOptions:
    """What was asked of one cell of `%%trino`; times are seconds."""

    limit: int | None = None
    into: str | None = None
    name: str | None = None
    live_s: float | None = None
    for_s: float | None = None
    sql: str = ""


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would print a usage and exit."""

    usage_line = ""

    def error(self, message: str) -> NoReturn:
        raise SqlError(f"{self.prog} does not understand its options: {message}. {self.usage_line}")


def seconds(text: str) -> float:
    """Read a duration: 20s, 3m, 1h, 500ms, or plain seconds."""
    duration_s = durations.seconds(text, unit="s")
    if not duration_s:
        raise argparse.ArgumentTypeError(f"a duration cannot be {text!r}; allowed: 20s, 3m, 1h")
    if duration_s > LONGEST_S:
        raise argparse.ArgumentTypeError(f"a duration cannot be {text!r}; allowed: up to 168h")
    return duration_s


def _pause(text: str) -> float:
    if (pause_s := seconds(text)) < SHORTEST_S:
        raise argparse.ArgumentTypeError(f"a live query cannot rest {text!r}; allowed: 1s or more")
    return pause_s


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"a number of rows cannot be {text!r}; allowed: 1 or more")
    return int(text)


def _variable(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(f"a variable cannot be named {text!r}")
    return text


@dataclass(frozen=True)
class Grammar:
    """The options that a magic takes: each with what argparse is told of it."""

    magic: str
    usage: str
    options: Mapping[str, Mapping[str, Any]]

    def read(self, line: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Cut a line into the options at its front, their values filled, and the SQL after them.

        Raises SqlError for an option that does not exist or a value that is not allowed.
        """
        words, sql = self._split(line)
        parser = _Parser(prog=self.magic, add_help=False, allow_abbrev=False)
        parser.usage_line = self.usage
        for option, how in self.options.items():
            parser.add_argument(option, **how)
        return vars(parser.parse_args([fill_word(word, values) for word in words])), sql

    def _split(self, line: str) -> tuple[list[str], str]:
        words, rest = [], line.strip()
        while re.match(r"--\S", rest):
            word, rest = _cut(rest)
            words.append(word)
            if rest and self._takes_value(word, rest):
                value, rest = _cut(rest)
                words.append(value[1:-1] if value[0] in "'\"" and value[-1] == value[0] else value)
        return words, rest

    def _takes_value(self, word: str, rest: str) -> bool:
        how = self.options.get(word, _FLAG)
        if how.get("nargs") == "?":  # a value begins like a duration; SQL does not
            return re.match(r"['\"]?[\d{]", rest) is not None
        return how.get("action") != "store_true"


_FLAG: Mapping[str, Any] = MappingProxyType({"action": "store_true"})
_SHARED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "--limit": {"type": _count},
        "--for": {"dest": "for_s", "type": seconds},
        "--into": {"type": _variable},
        "--as": {"dest": "name", "type": _variable},
    }
)
FLINK = Grammar(
    "%%flink",
    "Allowed: --job NAME, --since 3m, --limit 100, --for 20s, --into NAME, --as NAME, --bounded, "
    "--needs pyflink; %flink --job NAME --stop or --skip, %flink --function NAME.",
    {
        **_SHARED,
        "--job": {},
        "--since": {"dest": "since_s", "type": seconds},
        "--bounded": _FLAG,
        "--stop": _FLAG,
        "--skip": _FLAG,
        "--function": {"type": _variable},
        "--needs": {},
    },
)
TRINO = Grammar(
    "%%trino",
    "Allowed: --limit 100, --into NAME, --as NAME, --live 5s, --for 20s.",
    {**_SHARED, "--live": {"dest": "live_s", "type": _pause, "nargs": "?", "const": LIVE_S}},
)


def parse(line: str, values: Mapping[str, Any] = MappingProxyType({})) -> Options:
    """Read the line of `%%flink`: options first, then SQL, which stays as it is written.

    `{name}` in an option's value is filled from `values`. Raises SqlError for an option that does
    not exist or a value that is not allowed.
    """
    told, sql = FLINK.read(line, values)
    if told["needs"] is not None and told["needs"] not in NEEDS:
        raise SqlError(not_allowed("--needs", told["needs"], NEEDS))
    return Options(**told, sql=sql)


def parse_trino(line: str, values: Mapping[str, Any] = MappingProxyType({})) -> TrinoOptions:
    """Read the line of `%%trino`, as `parse` reads that of `%%flink`; `--live` alone is 5 s."""
    told, sql = TRINO.read(line, values)
    return TrinoOptions(**told, sql=sql)


_WORD = re.compile(r"""'[^']*'|"[^"]*"|\S+""")


def _cut(text: str) -> tuple[str, str]:
    found = _WORD.match(text)
    assert found is not None
    return found[0], text[found.end() :].strip()
