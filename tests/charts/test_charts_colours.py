"""The colours can be told apart, by everyone and on their ground."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from flightlib import charts
from flightlib.errors import SettingError
from flightlib.records import PHASES, STATUSES

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SIGHTS = {
    "usual": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    """Linear RGB of #rrggbb."""
    part = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of linear RGB."""
    ratio = TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two colours."""
    high, low = sorted((float((TO_XYZ @ linear(c))[1]) for c in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("by", charts.COLOURINGS)
@pytest.mark.parametrize("theme", charts.PALETTES)
def test_the_colours_of_one_picture_can_be_told_apart(theme: str, by: str, sight: str) -> None:
    """Any two colours differ clearly (CIE76 over 22), also without the red or green cones."""
    seen = {
        name: lab(np.array(SIGHTS[sight]) @ linear(colour))
        for name, colour in charts.colours(theme, by).items()
    }
    for one, other in combinations(seen, 2):
        apart = float(np.linalg.norm(seen[one] - seen[other]))
        assert apart > 22, f"{one} and {other}: {apart:.0f}"


@pytest.mark.parametrize("theme", charts.PALETTES)
def test_words_and_markers_stand_out_from_their_ground(theme: str) -> None:
    """Text has at least 4.5:1 on its panel; markers have 2.5:1 on land."""
    colours = charts.palette(theme)
    assert contrast(colours.ink, colours.panel) > 7
    assert contrast(colours.faint, colours.panel) > 4.5
    for marker in (*colours.status.values(), *colours.region.values()):
        assert contrast(marker, colours.land) > 2.5


@pytest.mark.parametrize("theme", charts.PALETTES)
def test_sea_and_land_differ(theme: str) -> None:
    """The coast can be seen from the back of a room."""
    colours = charts.palette(theme)
    assert contrast(colours.sea, colours.land) > 1.25


@pytest.mark.parametrize("theme", charts.PALETTES)
def test_more_flights_stand_out_more(theme: str) -> None:
    """From step to step the cells of a density map differ more from the land."""
    chosen = charts.palette(theme)
    away = [contrast(colour, chosen.land) for colour in chosen.density]
    assert away == sorted(away)
    assert away[0] > 1.3


def test_every_status_and_phase_has_a_colour() -> None:
    """The palettes and the record know the same words, in the same order."""
    for theme in charts.PALETTES:
        assert tuple(charts.colours(theme, "status")) == STATUSES
        assert tuple(charts.colours(theme, "phase")) == PHASES


def test_a_region_has_another_hue_than_its_neighbours() -> None:
    """On the whole globe no region shares its colour with any of the eight around it."""
    for south in range(-90, 90, 5):
        for west in range(-175, 175, 5):
            around = {
                charts.hue(f"{south + up}_{west + right}")
                for up, right in product((-5, 0, 5), repeat=2)
                if up or right
            }
            assert charts.hue(f"{south}_{west}") not in around


def test_what_is_no_region_is_faint() -> None:
    """A missing or strange region has no hue, and the colour of what may be overlooked."""
    assert {charts.hue(word) for word in (None, "", "north", "40", "1_2_3")} == {-1}
    told = charts.region_colours("dark", ["40_-75", "north"])
    assert told["north"] == charts.palette("dark").faint
    assert told["40_-75"] == charts.palette("dark").region[str(charts.hue("40_-75"))]


def test_an_unknown_theme_or_colouring_is_named() -> None:
    """What is not allowed is told with what is."""
    with pytest.raises(SettingError, match=r"theme cannot be 'blue'; allowed: dark, light"):
        charts.palette("blue")
    with pytest.raises(SettingError, match=r"colour cannot be 'stats'.*Did you mean 'status'"):
        charts.colours("dark", "stats")
