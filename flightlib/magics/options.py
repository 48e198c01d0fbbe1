"""The options after `%%flink`, read word by word; a wrong one is an error in one line."""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import dataclass
from typing import Any, NoReturn

from flightlib.errors import SqlError, not_allowed

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
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
    return float(found[1]) * _UNITS[found[2] or "s"]


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"a number of rows cannot be {text!r}; allowed: 1 or more")
    return int(text)


def _variable(text: str) -> str:
    if not text.isidentifier():
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


def parse(line: str) -> Options:
    """Read a magic's line: options first, then SQL, which stays as it is written.

    Raises SqlError for an option that does not exist or a value that is not allowed.
    """
    words, sql = _split(line)
    told: dict[str, Any] = vars(_parser().parse_args(words))
    if told["needs"] is not None and told["needs"] not in NEEDS:
        raise SqlError(not_allowed("--needs", told["needs"], NEEDS))
    return Options(**told, sql=sql)


def _split(line: str) -> tuple[list[str], str]:
    """Cut the options off the front of a line."""
    words, rest = [], line.strip()
    while rest.startswith("--"):
        word, _, rest = rest.partition(" ")
        words.append(word)
        rest = rest.strip()
        if word in _VALUED and rest:
            value, _, rest = rest.partition(" ")
            words += shlex.split(value) or [""]
            rest = rest.strip()
    return words, rest
