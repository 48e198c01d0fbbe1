"""The lessons' SQL is found by its tag, and filled as the magics fill it."""

from __future__ import annotations

import pytest

from flightlib.errors import MeasureError
from flightlib.measure.lessons import filled, lesson


def test_a_lesson_is_found_by_its_tag() -> None:
    """A tag gives the cell's SQL, without the line of the magic."""
    assert lesson("high-altitude").startswith("INSERT INTO processed_flights\n")


def test_a_lesson_is_filled() -> None:
    """A notebook's variable becomes a literal, and statements come apart."""
    (insert,) = filled("high-altitude", high_ft=35_000)
    assert insert.text.endswith("WHERE altitude > 35000")
    assert len(filled("numbered")) == 2


def test_an_unknown_tag_is_refused() -> None:
    """A tag that no cell has is named in the error."""
    with pytest.raises(MeasureError, match=r"0 cells .* 'nothing'"):
        lesson("nothing")
