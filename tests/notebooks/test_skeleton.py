"""Every notebook has the shape a reader and papermill rely on."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def read(path: Path) -> Any:
    """Open a notebook."""
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[Any]:
    """The code cells of a notebook."""
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    """All Markdown of a notebook."""
    return "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")


def test_it_is_committed_without_outputs(path: Path) -> None:
    """A notebook in the tree carries no output and no execution count."""
    for cell in code(path):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_papermill_finds_kernel_language_and_parameters(path: Path) -> None:
    """It names its kernel and language and has one parameters cell of plain literals."""
    metadata = read(path).metadata
    assert metadata.kernelspec.name
    assert metadata.language_info.name == "python"
    tagged = [c for c in code(path) if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    for statement in ast.parse(tagged[0].source).body:
        assert isinstance(statement, ast.Assign)
        ast.literal_eval(statement.value)


def test_it_is_prose_with_short_code(path: Path) -> None:
    """Code cells have a median of 3 lines and at most 18; 40 words of prose stand by each."""
    lengths = [len(cell.source.splitlines()) for cell in code(path)]
    assert median(lengths) <= 3
    assert max(lengths) <= 18
    assert len(prose(path).split()) >= 40 * len(lengths)


def test_it_holds_no_plumbing(path: Path) -> None:
    """No cell starts processes, sleeps or catches errors: that is the library's work."""
    source = "\n".join(cell.source for cell in code(path))
    assert not re.search(r"\b(subprocess|sleep|try|except)\b", source)


def test_it_follows_the_skeleton(path: Path) -> None:
    """Promise and picture first; then parameters, the extension, a task, a break, a clean-up."""
    text = prose(path)
    assert text.startswith("# ")
    assert "![" in text.split("\n## ")[0]
    assert any("%load_ext flightlib" in cell.source for cell in code(path))
    for heading in ("## Parameters", "## Your turn", "## Break something", "## Clean up"):
        assert heading in text
    assert "**What you saw.**" in text


def test_its_pictures_exist(path: Path) -> None:
    """Every picture a notebook shows travels with it."""
    for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", prose(path)):
        assert (FOLDER / target).is_file()


def test_a_live_widget_leaves_a_picture(path: Path) -> None:
    """Each widget a notebook shows is also kept as a static picture by `snapshot()`."""
    source = "\n".join(cell.source for cell in code(path))
    names = re.findall(r"^(\w+) = fl\.Live\w+\(", source, re.MULTILINE)
    for name in names:
        assert f"{name}.snapshot()" in source
