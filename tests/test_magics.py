"""What the extension adds to a notebook: a cell that is meant to fail."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from flightlib.magics import DidNotFail, Lessons


@pytest.fixture
def lessons() -> Lessons:
    """The magics in a shell of their own."""
    return Lessons(InteractiveShell())


def test_a_cell_meant_to_fail_shows_one_line(
    lessons: Lessons, capsys: pytest.CaptureFixture[str]
) -> None:
    """`%%fails` shows the error's line, and what the cell set before it stays."""
    cell = "from flightlib.errors import SettingError\nx = 1\nraise SettingError('so it goes')"
    lessons.fails("", cell)
    assert "SettingError: so it goes" in capsys.readouterr().out
    assert lessons.shell is not None
    assert lessons.shell.user_ns["x"] == 1


def test_a_cell_meant_to_fail_that_does_not_is_an_error(lessons: Lessons) -> None:
    """A lesson whose error went away is noticed."""
    with pytest.raises(DidNotFail, match="ran to its end"):
        lessons.fails("", "x = 1")


def test_another_error_is_not_swallowed(lessons: Lessons) -> None:
    """Only flightlib's own one-line errors are expected; a slip in the cell is a failure."""
    with pytest.raises(NameError):
        lessons.fails("", "no_such_name")
