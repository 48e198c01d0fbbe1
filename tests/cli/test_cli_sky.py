"""`flightlib sky check`: a table for each preset, and an exit code that says if one is off."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from flightlib.cli import app
from flightlib.sky import profile

CHECK = ["sky", "check"]


def test_a_preset_is_shown_figure_by_figure() -> None:
    """The table has figure, reference, ours and verdict; it ends with 0 if none is off."""
    done = CliRunner().invoke(app, [*CHECK, "europe"], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    for word in ("figure", "reference", "ours", "verdict", "above FL350, %", "45.5", "pass"):
        assert word in done.output
    assert " off " not in done.output


def test_a_spoilt_sky_ends_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One figure that is off is enough."""
    monkeypatch.setattr(profile, "_CLIMB_FPM", np.full_like(profile._CLIMB_FPM, 900.0))
    done = CliRunner().invoke(app, [*CHECK, "us", "--flights", "200", "--hours", "6"])
    assert done.exit_code == 1
    assert "off" in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mars"], "preset cannot be 'mars'; allowed: us-domestic"),
        (["us", "--flights", "2"], "flights cannot be 2"),
        (["us", "--hours", "0"], "hours cannot be 0; allowed: 1 to 240"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str], words: str) -> None:
    """A wrong argument is said in one line before anything is measured."""
    done = CliRunner().invoke(app, [*CHECK, *arguments])
    assert done.exit_code == 1
    assert words in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", [["generate"], ["demo"], CHECK])
def test_help_says_what_flights_are(command: list[str]) -> None:
    """They are those that report at a time in the busy hours: a sky has more aircraft."""
    done = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "160"})
    assert "Flights that report at a time in the busy hours." in done.output
