"""Density: every flight is counted in its cell, and the legend says what a colour means."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from flightlib import charts
from flightlib.errors import SettingError
from flightlib.live import COLUMNS


def table(*places: tuple[float | None, float | None]) -> pd.DataFrame:
    """Flights at (longitude, latitude)."""
    rows: list[dict[str, Any]] = [{"longitude": x, "latitude": y} for x, y in places]
    return pd.DataFrame(rows, columns=COLUMNS)


def rgb(colour: str) -> str:
    """A colour as the pictures write it."""
    return f"rgb({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


def test_every_flight_is_in_one_cell() -> None:
    """A cell holds its west and south edge, negatives included; places unknown are left out."""
    flights = table((-75.0, 40.0), (-74.01, 40.99), (-74.0, 40.5), (-0.1, -0.1), (None, 40.0))
    counted = charts.density(flights, 1.0).set_index(["west", "south"])["flights"]
    assert counted.to_dict() == {(-75, 40): 2, (-74, 40): 1, (-1, -1): 1}


@pytest.mark.parametrize(
    ("most", "labels"),
    [
        (1, ["1", "2–3", "4–7", "8–15", "16–31", "32+"]),
        (63, ["1", "2–3", "4–7", "8–15", "16–31", "32+"]),
        (64, ["1–3", "4–7", "8–15", "16–31", "32–63", "64+"]),
        (1000, ["1–31", "32–63", "64–127", "128–255", "256–511", "512+"]),
    ],
)
def test_the_steps_reach_to_the_fullest_cell(most: int, labels: list[str]) -> None:
    """The last step begins where the fullest cell is, and each label tells its numbers."""
    counted = charts.density(table(*[(0.5, 0.5)] * most, (9.5, 9.5)), 1.0)
    assert charts.step_labels(counted) == labels
    steps = counted.set_index("west")["step"]
    assert steps[0.0] == (0 if most == 1 else 5)
    assert steps[9.0] == 0


@pytest.mark.parametrize("theme", charts.PALETTES)
def test_the_picture_has_its_numbers_and_colours(theme: str) -> None:
    """Title, legend and caption are there, and cells in the colours of their steps."""
    flights = table(*[(-98.5, 39.5)] * 40, (-90.5, 35.5))
    drawn = charts.svg(charts.density_map(flights, theme=theme, caption="12:00 UTC"))
    for words in ("41 flights", "flights in a cell of 1°", "32+", "16–31", "12:00 UTC"):
        assert words in drawn
    for step in (0, 5):
        assert rgb(charts.palette(theme).density[step]) in drawn.replace(", ", ",")


def test_an_empty_sky_has_a_legend_still() -> None:
    """No flight, and flights beyond the edge, give land and all steps."""
    for flights in (table(), table((120.0, -30.0))):
        drawn = charts.svg(charts.density_map(flights))
        assert "0 flights" in drawn
        assert "32+" in drawn


def test_a_region_that_is_none_is_refused() -> None:
    """A wrong region is named together with what is allowed."""
    with pytest.raises(SettingError, match="region cannot be 'moon'"):
        charts.density_map(table(), region="moon")
