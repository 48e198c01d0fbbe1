"""Marks on a map: outlines under the flights, labels in sight and apart, words as text."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from flightlib import charts
from flightlib.charts.marks import DASHES, LETTER_PX, label_places, plain
from flightlib.charts.outline import Box
from flightlib.live import to_frame
from flightlib.sky import Mark
from flightlib.sky.marks import KINDS

VIEW = Box(-110.0, 30.0, -90.0, 45.0)
NOBODY = to_frame({})


def box(kind: str, label: str, west: float, north: float, size: float = 2.0) -> Mark:
    """A square with its label at the upper edge."""
    east, south = west + size, north - size
    corners = ((west, south), (west, north), (east, north), (east, south))
    return Mark(kind, label, corners, (west + size / 2, north))


def drawn(*marks: Mark, theme: str = "dark") -> str:
    """A map without flights, with marks, as SVG without blanks."""
    figure = charts.flight_map(NOBODY, region=VIEW, theme=theme, marks=marks)
    return charts.svg(figure).replace(", ", ",")


def rgb(colour: str) -> str:
    """A colour as the pictures write it."""
    return f"rgb({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("theme", charts.PALETTES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "note"])
def test_every_kind_has_its_colour_and_its_label(kind: str, theme: str) -> None:
    """Whatever disturbs a sky is outlined in its colour and named in it."""
    picture = drawn(box(kind, "Here it is", -100, 40), theme=theme)
    assert rgb(charts.palette(theme).mark[kind]) in picture
    assert "Here it is" in picture


def test_no_two_kinds_have_one_line() -> None:
    """The kinds differ in their dashes too, for those who see no colours."""
    kinds = [kind for kind in KINDS if kind != "note"]
    lines = [DASHES.get(kind, "twodash") for kind in kinds]
    assert len(set(lines)) == len(kinds)


def test_what_will_grow_has_a_second_outline() -> None:
    """The outline of how large it becomes is drawn too, and its label stays in sight with it."""
    small = box("storm", "Small", -100, 40)
    wide = replace(small, reach=box("storm", "", -104, 44, size=10).outline)
    colour = rgb(charts.palette("dark").mark["storm"])
    assert drawn(wide).count(colour) > drawn(small).count(colour)
    away = Box(-105.0, 41.0, -102.0, 45.0)
    assert [mark.label for mark, _ in label_places([wide], away, 900)] == ["Small"]
    assert label_places([small], away, 900) == []


def test_what_has_no_place_is_said_below() -> None:
    """A note stands in the caption, and draws nothing on the map."""
    picture = drawn(Mark("note", "20% come late"))
    assert "20% come late" in picture
    assert rgb(charts.palette("dark").mark["outage"]) not in picture


def test_labels_are_text() -> None:
    """What Lets-Plot would take for a link or a formula stays plain words."""
    picture = drawn(box("storm", '<a href="https://x.y">go</a> \\(x^2\\)', -100, 40))
    assert "<a " not in picture
    assert "‹a href=" in picture
    assert plain("a < b \\ c") == "a ‹ b / c"


def test_labels_lie_in_sight_and_apart() -> None:
    """Of marks on one spot or half out of sight every label is on the map, none on another."""
    marks = [
        *(box("outage", f"Outage number {n}", -100, 40) for n in range(4)),
        box("storm", "A storm at the edge", -111, 46),
    ]
    width = 600
    placed = label_places(marks, VIEW, width)
    assert [mark for mark, _ in placed] == marks
    scale = width / (VIEW.east - VIEW.west)
    for _, (x, y) in placed:
        assert VIEW.west < x < VIEW.east
        assert VIEW.south < y < VIEW.north
    for (one, (x1, y1)), (two, (x2, y2)) in combinations(placed, 2):
        wide = (len(one.label) + len(two.label)) * LETTER_PX / 2
        assert abs(x1 - x2) * scale >= wide or abs(y1 - y2) * scale > 10


def test_what_is_out_of_sight_has_no_label() -> None:
    """A storm over the sea does not put its name on a map of Kansas."""
    assert label_places([box("storm", "Far away", -60, 40)], VIEW, 600) == []
    assert "Far away" not in drawn(box("storm", "Far away", -60, 40))
