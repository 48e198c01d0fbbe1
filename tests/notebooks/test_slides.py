"""The notebooks as slides: every cell has its place, and no slide holds more than fits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
# The notebook of measurements is worked with, not presented.
NOTEBOOKS = [path for path in sorted(FOLDER.glob("*.ipynb")) if not path.stem.startswith("04")]
TYPES = {"slide", "subslide", "fragment", "-", "notes", "skip"}
# A slide of nbconvert is 960 by 700 pixels. What each thing takes was read off a browser.
HEIGHT_PX, WIDTH_PX = 700, 960
HEADING_PX, WORD_PX, LINE_PX, BOX_PX = 66, 3.2, 23, 33
# Outputs: a few lines, a picture with its prompt, a table by its rows.
TEXT_PX, PICTURE_PX, TABLE_PX, ROW_PX = 105, 545, 60, 28
PICTURE = re.compile(r"\.snapshot\(\)|= fl\.(Live|Filters|TimeTravel|Dashboard)|^fl\.Filters", re.M)
TABLE = re.compile(r"^%%(flink|trino)|^fl\.(lake\.)?(tables|status|partitions)\(|\.head\(", re.M)
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def cells(path: Path) -> list[Any]:
    """The cells of a notebook."""
    return list(nbformat.read(path, as_version=4).cells)


def kind(cell: Any) -> str:
    """Where a cell stands among the slides."""
    return str(cell.metadata.slideshow.slide_type)


def slides(path: Path) -> Iterator[list[Any]]:
    """Yield the cells of each slide; what is skipped and what is for the speaker is on none."""
    slide: list[Any] = []
    for cell in cells(path):
        if kind(cell) in ("slide", "subslide"):
            yield slide
            slide = []
        if kind(cell) not in ("skip", "notes"):
            slide.append(cell)
    yield slide


def height_px(cell: Any) -> float:
    """How much of a slide a cell takes with what it shows, about."""
    lines = cell.source.splitlines()
    if cell.cell_type == "markdown":
        words = len(re.sub(r"!\[.*\)", "", cell.source).split())
        headings = sum(line.startswith("#") for line in lines)
        pictures = sum(picture_px(found) for found in re.findall(r"!\[.*\]\((.+)\)", cell.source))
        return headings * HEADING_PX + words * WORD_PX + pictures
    shown = PICTURE_PX if PICTURE.search(cell.source) else TEXT_PX
    if TABLE.search(cell.source):
        limit = re.search(r"^LIMIT (\d+)$", cell.source, re.MULTILINE)
        shown = TABLE_PX + ROW_PX * (int(limit[1]) if limit else 10)
    return BOX_PX + LINE_PX * len(lines) + shown


def picture_px(target: str) -> float:
    """How high a PNG picture is when it is as wide as a slide at most."""
    header = (FOLDER / target).read_bytes()[:24]
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    return height * min(1, WIDTH_PX / width)


def test_every_cell_has_its_place(path: Path) -> None:
    """Each cell says whether it begins a slide, stays on it, is for the speaker, or is left out."""
    assert {kind(cell) for cell in cells(path)} <= TYPES


def test_a_section_begins_a_slide(path: Path) -> None:
    """A heading stands at the top of a slide, and what was seen is in the speaker's notes."""
    for cell in cells(path):
        if cell.source.startswith(("# ", "## ")):
            assert kind(cell) in ("slide", "skip")
        if cell.source.startswith("**What you saw.**"):
            assert kind(cell) == "notes"


def test_no_slide_holds_more_than_fits(path: Path) -> None:
    """Prose, code and outputs of a slide are together not higher than the slide."""
    for slide in slides(path):
        total = sum(height_px(cell) for cell in slide)
        assert total <= HEIGHT_PX, f"{total:.0f} px: {slide[0].id}: {slide[0].source[:60]}"


def test_code_is_never_hidden_from_its_prose(path: Path) -> None:
    """Where a section's prose is on a slide, so is at least one cell that it speaks of."""
    for before, after in pairwise(cells(path)):
        if kind(after) == "skip" and after.cell_type == "code":
            assert before.cell_type == "markdown" or kind(before) == "skip"
