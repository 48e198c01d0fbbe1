"""Python functions of a notebook, made callable in Flink SQL (needs PyFlink)."""

from __future__ import annotations

import hashlib
import inspect
import reprlib
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_type_hints

from flightlib.errors import MachineError, SqlError, not_allowed
from flightlib.flink.scan import Statement
from flightlib.flink.session import session
from flightlib.settings import load

TYPES = {"str": "STRING", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN"}
NO_PYFLINK = (
    "PyFlink is not installed here. Get it with `pip install 'flightlib[pyflink]'`, "
    "then run the cell again."
)


def has_pyflink() -> bool:
    """Say whether the full PyFlink is installed, beside the distribution that always is."""
    spec = find_spec("pyflink")
    places = list(spec.submodule_search_locations or []) if spec else []
    return any((Path(place) / "table" / "__init__.py").exists() for place in places)


def need_pyflink() -> None:
    """Raise MachineError, saying how to get it, where PyFlink is not installed."""
    if not has_pyflink():
        raise MachineError(NO_PYFLINK)


@dataclass(frozen=True)
class SqlFunction:
    """A Python function that Flink SQL knows by its name."""

    name: str
    signature: str

    def __repr__(self) -> str:
        return f"Flink SQL knows {self.name}{self.signature}."


def flink_function(function: Callable[..., Any]) -> SqlFunction:
    """Make a Python function callable in this notebook's Flink SQL, by its own name.

    The function says what it takes and returns by annotations: str, int, float or bool. It is
    sent to Flink as its source text, so it imports what it needs inside itself. Calling this again
    after a change takes the new text. Raises MachineError without PyFlink, SqlError for a function
    that cannot be sent.
    """
    need_pyflink()
    if not inspect.isfunction(function):
        raise SqlError(f"{reprlib.repr(function)} is no function; define one by `def`.")
    name, kinds = function.__name__, _kinds(function)
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        raise SqlError(f"The source text of {name} cannot be read; define it by `def`.") from None
    file = _write(name, source, kinds)
    for text in _statements(name, file):
        session().shape(Statement(text, 1))
    return SqlFunction(name, str(inspect.signature(function)))


def _kinds(function: Callable[..., Any]) -> dict[str, str]:
    """Give the SQL types of a function's parameters and of what it returns, in this order."""
    kinds: dict[str, str] = {}
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise SqlError(f"A type of {function.__name__} is not known: {error}.") from None
    for name in (*inspect.signature(function).parameters, "return"):
        hint = getattr(hints.get(name), "__name__", None)
        if hint not in TYPES:
            does = "returns" if name == "return" else f"takes as {name}"
            raise SqlError(not_allowed(f"What {function.__name__} {does}", hint, TYPES))
        kinds[name] = TYPES[hint]
    return kinds


def _write(name: str, source: str, kinds: dict[str, str]) -> Path:
    """Write the function as a module; another text gets another name, so none is confused."""
    *takes, returns = [f"DataTypes.{kind}()" for kind in kinds.values()]
    text = (
        f"from pyflink.table import DataTypes\nfrom pyflink.table.udf import udf\n\n\n{source}\n\n"
        f"{name} = udf({name}, input_types=[{', '.join(takes)}], result_type={returns})\n"
    )
    folder = load().data / "flink" / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    file = folder / f"flightlib_{name}_{digest}.py"
    file.write_text(text, encoding="utf-8")
    return file


def _statements(name: str, file: Path) -> list[str]:
    python = sys.executable.replace("'", "''")
    return [
        f"SET 'python.files' = '{file.parent}'",
        f"SET 'python.executable' = '{python}'",
        f"SET 'python.client.executable' = '{python}'",
        f"DROP TEMPORARY FUNCTION IF EXISTS `{name}`",
        f"CREATE TEMPORARY FUNCTION `{name}` AS '{file.stem}.{name}' LANGUAGE PYTHON",
    ]
