"""The SQL of the lessons, read from the notebooks' tagged cells, where it stands once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flightlib import flink
from flightlib.errors import MeasureError
from flightlib.settings import shared_folder


def lesson(tag: str) -> str:
    """Give the SQL of the notebooks' cell with a tag, without the magic's own line.

    Raises MeasureError unless exactly one cell has the tag.
    """
    found = [source for tags, source in _cells() if tag in tags]
    if len(found) != 1:
        raise MeasureError(
            f"{len(found)} cells of the notebooks in {shared_folder('notebooks')} have the tag "
            f"{tag!r}; one is to have it. Lay out the notebooks anew."
        )
    return found[0].partition("\n")[2]


def filled(tag: str, **values: Any) -> list[flink.Statement]:
    """Give a lesson's statements with the notebook's variables filled in."""
    return flink.statements(flink.fill(lesson(tag), values))


def _cells() -> Iterator[tuple[list[str], str]]:
    """Go through the cells of all notebooks: each one's tags and its source."""
    for path in sorted(shared_folder("notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield cell["metadata"].get("tags", []), "".join(cell["source"])
