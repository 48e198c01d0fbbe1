"""The house rules of `flightlib`: rooms in order, one door per heavy library, modest sizes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "flightlib"
ROOMS = [
    "errors",
    "settings",
    "calls",
    "durations",
    "logs",
    "records",
    "sky",
    "scenario",
    "kafka",
    "replay",
    "flink",
    "lake",
    "engines",
    "observe",
    "backend",
    "live",
    "charts",
    "widgets",
    "magics",
    "reports",
    "tiles",
    "crowd",
    "measure",
    "cli",
]
DOORS = {
    "pydantic_settings": {"settings"},
    "fastavro": {"records"},
    "yaml": {"scenario"},
    "confluent_kafka": {"kafka"},
    "pyarrow": {"replay", "backend", "live"},
    "trino": {"lake"},
    "pyiceberg": {"lake"},
    "pooch": {"engines"},
    "pyflink": {"engines"},
    "supervisor": {"engines"},
    "fastapi": {"backend"},
    "uvicorn": {"backend"},
    "httpx_sse": {"live"},
    "lets_plot": {"charts"},
    "ipywidgets": {"widgets"},
    "anywidget": {"widgets"},
    "IPython": {"magics"},
    "papermill": {"reports"},
    "nbconvert": {"reports"},
    "typer": {"cli"},
    "playwright": {"measure"},
}
OPTIONAL = {"pyflink", "playwright"}
MODULES = sorted(p for p in HOUSE.rglob("*.py") if "_share" not in p.parts)


def room_of(path: Path) -> str:
    """Name the room a file belongs to; the lobby's own files give `__init__` and `__main__`."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module's dotted name, and whether only type checkers see it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in guarded) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "flightlib":
                names = [f"flightlib.{alias.name}" for alias in node.names]
            yield from ((name, node in guarded) for name in names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_a_room_imports_only_rooms_above_it(path: Path) -> None:
    """A room knows the rooms before it in the flow, and none after it."""
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    for name, _ in imports(path):
        if name.startswith("flightlib."):
            other = name.split(".")[1]
            assert other in ROOMS, f"{path.name} imports {name}, which is no room"
            assert ROOMS.index(other) <= ROOMS.index(room), f"{room} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_a_heavy_library_has_one_door(path: Path) -> None:
    """Only the room that owns a heavy library imports it."""
    for name, typing_only in imports(path):
        owners = DOORS.get(name.split(".")[0])
        if owners and not typing_only:
            assert room_of(path) in owners, f"{path.name} imports {name}, owned by {owners}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_what_may_be_missing_is_imported_late(path: Path) -> None:
    """A library that not every installation has is imported inside functions alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found = OPTIONAL & {name.split(".")[0] for name in names}
        assert not found or node in late, f"{path.name} imports {found} at once"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    """A module fits in 260 lines and a function in 40, so that a reader can hold it."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 260
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= 40, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_every_public_name_says_what_it_is_for(path: Path) -> None:
    """Every module, public class and public function has a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path.name} does not say what it is for"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            named = not node.name.startswith("_")
            assert not named or ast.get_docstring(node), f"{path.name}: {node.name}"
