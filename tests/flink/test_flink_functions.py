"""Python functions of a notebook become Flink's: their types, their text, and what is refused."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from scripted_flink import ScriptedFlink

from flightlib.errors import MachineError, SqlError
from flightlib.flink import functions, session
from flightlib.flink.functions import NO_PYFLINK, flink_function
from flightlib.settings import Settings


def climb(feet: int, minutes: float, name: str, steep: bool) -> float:
    """Say how fast a flight climbs."""
    return feet / minutes if steep else 0.0


def without_return(feet: int):
    return feet


def without_hint(feet) -> int:
    return int(feet)


def of_another_kind(at: datetime) -> int:
    return at.year


def of_a_list(feet: list[int]) -> int:
    return sum(feet)


def of_a_choice(feet: int | None) -> int:
    return feet or 0


@pytest.fixture
def here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """This process's settings are those of the scripted Flink, and PyFlink counts as installed."""
    monkeypatch.setenv("FLIGHTLIB_DATA", str(settings.data))
    monkeypatch.setenv("FLIGHTLIB_FLINK_PORT", str(settings.flink_port))
    monkeypatch.setenv("FLIGHTLIB_GATEWAY_PORT", str(settings.gateway_port))
    monkeypatch.setattr(functions, "has_pyflink", lambda: True)
    yield settings
    session().close()


def written(settings: Settings) -> list[Path]:
    """Give the modules that were written for Flink."""
    return sorted((settings.data / "flink" / "functions").glob("*.py"))


def test_a_function_is_declared_by_its_name(flink: ScriptedFlink, here: Settings) -> None:
    """Flink is told where the module is, which Python runs it, and what it is called."""
    known = flink_function(climb)
    assert repr(known).startswith("Flink SQL knows climb(feet: ")
    assert len(repr(known).splitlines()) == 1
    (file,) = written(here)
    said = flink.texts(but="CREATE TABLE|CREATE VIEW")
    assert said == [
        f"SET 'python.files' = '{file.parent}'",
        f"SET 'python.executable' = '{sys.executable}'",
        f"SET 'python.client.executable' = '{sys.executable}'",
        "DROP TEMPORARY FUNCTION IF EXISTS `climb`",
        f"CREATE TEMPORARY FUNCTION `climb` AS '{file.stem}.climb' LANGUAGE PYTHON",
    ]


def test_the_module_is_python_and_names_the_types(here: Settings) -> None:
    """What Flink imports holds the function's own text and says its SQL types in order."""
    flink_function(climb)
    (file,) = written(here)
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == ["climb"]
    assert "feet / minutes" in text
    assert text.endswith(
        "climb = udf(climb, input_types=[DataTypes.BIGINT(), DataTypes.DOUBLE(), "
        "DataTypes.STRING(), DataTypes.BOOLEAN()], result_type=DataTypes.DOUBLE())\n"
    )
    assert re.fullmatch(r"flightlib_climb_[0-9a-f]{10}", file.stem)


def test_a_nested_function_is_sent_without_its_indent(here: Settings) -> None:
    """A function defined within another is Python at the top of its module."""

    def inner(feet: int) -> int:
        import math

        return math.ceil(feet / 100)

    flink_function(inner)
    ast.parse(written(here)[0].read_text(encoding="utf-8"))


def test_another_text_is_another_module(flink: ScriptedFlink, here: Settings) -> None:
    """A function that was changed is not confused with the one before, the same one is kept."""

    def make(text: str) -> Any:
        def changed(feet: int) -> int:
            return feet

        changed.__name__ = text
        return changed

    flink_function(climb)
    flink_function(climb)
    assert len(written(here)) == 1
    flink_function(make("other"))
    assert len(written(here)) == 2


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (without_return, "What without_return returns cannot be None"),
        (without_hint, "What without_hint takes as feet cannot be None"),
        (of_another_kind, "What of_another_kind takes as at cannot be 'datetime'"),
        (of_a_list, "What of_a_list takes as feet cannot be"),
        (of_a_choice, "What of_a_choice takes as feet cannot be"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_function_without_plain_types_is_refused(
    flink: ScriptedFlink, here: Settings, function: Any, words: str
) -> None:
    """A type SQL does not know is refused in one line with those it does, and nothing is sent."""
    with pytest.raises(SqlError) as error:
        flink_function(function)
    assert str(error.value).startswith(words)
    assert "allowed: str, int, float, bool." in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert flink.said == []


def test_a_function_without_a_text_is_refused(here: Settings) -> None:
    """What was not defined by `def` in a cell has no source text to send."""
    made: dict[str, Any] = {}
    exec("def made(a: int) -> int:\n    return a", made)
    with pytest.raises(SqlError, match="source text of made cannot be read; define it by `def`"):
        flink_function(made["made"])


@pytest.mark.parametrize("what", [5, len, "climb", int])
def test_what_is_no_function_is_refused(here: Settings, what: Any) -> None:
    """Anything but a function of this notebook is refused in one line."""
    with pytest.raises(SqlError) as error:
        flink_function(what)
    assert len(str(error.value).splitlines()) == 1


def test_a_type_nobody_defined_is_refused(here: Settings) -> None:
    """An annotation that names nothing is an error in one line too."""

    def lost(feet: Fathoms) -> int:  # noqa: F821
        return int(feet)

    with pytest.raises(SqlError, match="type of lost is not known: name 'Fathoms'"):
        flink_function(lost)


def test_without_pyflink_one_line_says_how_to_get_it(
    flink: ScriptedFlink, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where PyFlink is not installed nothing is written or sent."""
    monkeypatch.setattr(functions, "has_pyflink", lambda: False)
    with pytest.raises(MachineError) as error:
        flink_function(climb)
    assert str(error.value) == NO_PYFLINK
    assert len(NO_PYFLINK.splitlines()) == 1
    assert (flink.said, written(here)) == ([], [])


def test_pyflink_is_more_than_its_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jars alone, which every installation has, are not PyFlink."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "pyflink"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert not functions.has_pyflink()
    (tmp_path / "pyflink" / "lib").mkdir(parents=True)
    assert not functions.has_pyflink()
    (tmp_path / "pyflink" / "table").mkdir()
    (tmp_path / "pyflink" / "table" / "__init__.py").touch()
    assert functions.has_pyflink()
