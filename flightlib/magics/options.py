"""The options after `%%flink`, read word by word; a wrong one is an error in one line."""

from __future__ import annotations

import argparse
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from flightlib.errors import SqlError, not_allowed
from flightlib.flink import fill_word

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
LONGEST_S = 7 * 86_400.0
NEEDS = ("pyflink",)


@dataclass(frozen=True)
class Options:
    """What was asked of one cell; times are seconds."""

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


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would print a usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise SqlError(f"%%flink does not understand its options: {message}. {USAGE}")


USAGE = (
    "Allowed: --job NAME, --since 3m, --limit 100, --for 20s, --into NAME, --as NAME, --bounded, "
    "--needs pyflink; %flink --job NAME --stop or --skip, %flink --function NAME."
)


def seconds(text: str) -> float:
    """Read a duration: 20s, 3m, 1h, 500ms, or plain seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?", text.strip().lower())
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f"a duration cannot be {text!r}; allowed: 20s, 3m, 1h")
    duration_s = float(found[1]) * _UNITS[found[2] or "s"]
    if duration_s > LONGEST_S:
        raise argparse.ArgumentTypeError(f"a duration cannot be {text!r}; allowed: up to 168h")
    return duration_s


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"a number of rows cannot be {text!r}; allowed: 1 or more")
    return int(text)


def _variable(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(f"a variable cannot be named {text!r}")
    return text


def _parser() -> _Parser:
    parser = _Parser(prog="%%flink", add_help=False, allow_abbrev=False)
    parser.add_argument("--job")
    parser.add_argument("--since", dest="since_s", type=seconds)
    parser.add_argument("--limit", type=_count)
    parser.add_argument("--for", dest="for_s", type=seconds)
    parser.add_argument("--into", type=_variable)
    for flag in ("--bounded", "--stop", "--skip"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--as", dest="name", type=_variable)
    parser.add_argument("--function", type=_variable)
    parser.add_argument("--needs")
    return parser


_VALUED = ("--job", "--since", "--limit", "--for", "--into", "--as", "--needs", "--function")


def parse(line: str, values: Mapping[str, Any] = MappingProxyType({})) -> Options:
    """Read a magic's line: options first, then SQL, which stays as it is written.

    `{name}` in an option's value is filled from `values`. Raises SqlError for an option that does
    not exist or a value that is not allowed.
    """
    words, sql = _split(line)
    told: dict[str, Any] = vars(_parser().parse_args([fill_word(word, values) for word in words]))
    if told["needs"] is not None and told["needs"] not in NEEDS:
        raise SqlError(not_allowed("--needs", told["needs"], NEEDS))
    return Options(**told, sql=sql)


_WORD = re.compile(r"""'[^']*'|"[^"]*"|\S+""")


def _split(line: str) -> tuple[list[str], str]:
    """Cut the options off the front of a line."""
    words, rest = [], line.strip()
    while re.match(r"--\S", rest):
        word, rest = _cut(rest)
        words.append(word)
        if word in _VALUED and rest:
            value, rest = _cut(rest)
            words.append(value[1:-1] if value[0] in "'\"" and value[-1] == value[0] else value)
    return words, rest


def _cut(text: str) -> tuple[str, str]:
    found = _WORD.match(text)
    assert found is not None
    return found[0], text[found.end() :].strip()
