"""Figures: they build from any table of flights, and say in words what they show."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flightlib import charts, sky
from flightlib.charts.arrows import CROSS, DART, outlines
from flightlib.charts.outline import Box, mercator
from flightlib.errors import SettingError
from flightlib.live import COLUMNS, to_frame
from flightlib.records import PHASES, STATUSES


def table(**columns: list[Any]) -> pd.DataFrame:
    """A table of flights over Kansas; keyword arguments replace columns."""
    count = len(next(iter(columns.values()))) if columns else 4
    plain = {
        "flight_id": f"F{0}",
        "callsign": "UAL1",
        "aircraft_type": "B738",
        "registration": None,
        "operator": "UAL",
        "origin": "KSFO",
        "destination": "KJFK",
        "latitude": 39.0,
        "longitude": -98.0,
        "altitude": 36000,
        "heading": 70.0,
        "ground_speed": 450.0,
        "vertical_speed": 0.0,
        "phase": "CRUISE",
        "status": "ON_TIME",
        "region": "35_-100",
        "departure_delay": 0,
        "arrival_delay": None,
        "progress_percent": 5,
        "timestamp": 1_700_000_000_000,
    }
    rows = [
        {**plain, "flight_id": f"F{i}", **{name: values[i] for name, values in columns.items()}}
        for i in range(count)
    ]
    return to_frame({row["flight_id"]: row for row in rows})


def rgb(colour: str) -> str:
    """A colour as the pictures write it."""
    return f"rgb({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


def plain_svg(figure: Any) -> str:
    """A figure as SVG without blanks, for looking up colours."""
    return charts.svg(figure).replace(", ", ",")


@pytest.mark.parametrize("theme", charts.PALETTES)
@pytest.mark.parametrize(("by", "words"), [("status", STATUSES), ("phase", PHASES)])
def test_every_status_and_phase_is_drawn_in_its_colour(
    theme: str, by: str, words: tuple[str, ...]
) -> None:
    """A flight of each kind gives a marker in each kind's colour."""
    drawn = plain_svg(charts.flight_map(table(**{by: list(words)}), by, theme=theme))
    for word, colour in charts.colours(theme, by).items():
        assert len(re.findall(re.escape(rgb(colour)), drawn)) >= 2, word


@pytest.mark.parametrize("theme", charts.PALETTES)
def test_regions_are_drawn_in_their_hues_and_the_busiest_are_named(theme: str) -> None:
    """Of many regions each is coloured, the legend counts them and names the busiest five."""
    regions = [f"{south}_{west}" for south in (30, 35, 40) for west in (-110, -105, -100)]
    drawn = plain_svg(charts.flight_map(table(region=[*regions, "40_-100"]), "region", theme=theme))
    assert "9 regions of 5°" in drawn
    assert "40_-100 2" in drawn
    assert sum(f"{region} 1" in drawn for region in regions) == 4
    assert drawn.index("40_-100 2") < min(
        drawn.index(f"{region} 1") for region in regions if f"{region} 1" in drawn
    )
    for colour in charts.region_colours(theme, regions).values():
        assert rgb(colour) in drawn


def test_bars_by_region_wear_the_hues_of_the_map() -> None:
    """The bar of a region is named as it is, in the colour that its flights have."""
    drawn = plain_svg(charts.bars(table(region=["40_-75", "40_-75", "35_-100"]), "region"))
    for region, colour in charts.region_colours("dark", ["40_-75", "35_-100"]).items():
        assert region in drawn
        assert rgb(colour) in drawn


def test_the_picture_counts_its_flights() -> None:
    """Title, legend and caption carry the numbers."""
    flights = table(status=["ON_TIME", "ON_TIME", "DELAYED"])
    drawn = charts.svg(charts.flight_map(flights, caption="12:00 UTC · 3 reports/s"))
    for words in ("3 flights", "On time 2", "Delayed 1", "Diverted 0", "12:00 UTC · 3 reports/s"):
        assert words in drawn


def test_a_picture_needs_no_network_and_no_script() -> None:
    """Nothing in the picture is fetched: no address but the names of SVG itself."""
    drawn = charts.svg(charts.flight_map(table()))
    assert set(re.findall(r"https?://[^\"' ]+", drawn)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in drawn


def test_a_picture_shrinks_to_its_cell() -> None:
    """The picture carries its own shape, so that a narrow page does not cut it off."""
    head = charts.svg(charts.flight_map(table()))[:400]
    assert 'width="840" height="523" viewBox="0 0 900 560"' in head
    assert "max-width:100%" in head


def test_hostile_words_stay_words() -> None:
    """A callsign that looks like markup is not markup in the picture."""
    flights = table(callsign=["<script>alert(1)</script>"], origin=["<img src=x>"])
    drawn = charts.svg(charts.flight_map(flights))
    assert "<script>" not in drawn
    assert "<img" not in drawn


def test_an_empty_sky_is_a_map_without_flights() -> None:
    """No flight, and flights beyond the edge, give land and zeros."""
    for flights in (table().head(0), table(longitude=[120.0], latitude=[-30.0])):
        drawn = charts.svg(charts.flight_map(flights))
        assert "0 flights" in drawn
        assert "On time 0" in drawn
        assert "0 flights" in charts.svg(charts.flight_map(flights, "region"))
        assert "0 flights by status" in charts.svg(charts.bars(flights.head(0)))


def test_missing_values_are_no_trouble() -> None:
    """A flight without route, heading or altitude is still drawn."""
    holes = {name: [None] for name in ("origin", "destination", "heading", "altitude")}
    assert "1 flights" in charts.svg(charts.flight_map(table(**holes)))


def test_arrowheads_point_along_the_heading_undistorted() -> None:
    """In the Mercator plane the nose lies at the heading, at every latitude, at one size."""
    places = {"latitude": [0.0, 35.0, 70.0], "longitude": [0.0, 0.0, 0.0]}
    flights = table(**places, heading=[0.0, 90.0, 225.0])
    told = flights.assign(route="", level="")
    corners = outlines(told, Box(-50, -70, 50, 75), 1000, length=10)
    for mark, heading in enumerate([0.0, 90.0, 225.0]):
        nose = corners[corners["mark"] == mark].iloc[0]
        east = nose["longitude"]
        north = mercator(np.array([nose["latitude"], flights["latitude"][mark]]))
        up = north[0] - north[1]
        assert np.hypot(east, up) == pytest.approx(1.0, abs=0.01)  # 10 px at 10 px a degree
        assert np.degrees(np.arctan2(east, up)) % 360 == pytest.approx(heading, abs=0.5)


def test_cancelled_flights_are_crosses_and_ground_traffic_is_small() -> None:
    """Shape and size tell what colour alone should not."""
    flights = table(status=["ON_TIME", "CANCELLED", "ON_TIME"], phase=["CRUISE", "TAXI", "TAXI"])
    corners = outlines(flights.assign(route="", level=""), Box(-50, 0, 50, 60), 1000)
    sizes = corners.groupby("mark")["longitude"].agg(["size", np.ptp])
    assert sizes["size"].tolist() == [len(DART), len(CROSS), len(DART)]
    assert sizes["ptp"][2] < 0.7 * sizes["ptp"][0]


def test_every_region_of_the_sky_has_a_view_with_its_airports() -> None:
    """Whatever sky can be flown can be shown, busiest airport first."""
    for region in sky.PRESETS:
        box = charts.box_of(region)
        airports = charts.airport_table(region)
        assert airports["weight"].is_monotonic_decreasing
        busiest = airports.head(20)
        assert busiest["longitude"].between(box.west, box.east).all()
        assert busiest["latitude"].between(box.south, box.north).all()


@pytest.mark.parametrize(
    "region",
    ["uss", (1, 2, 3), (10, 0, -10, 5), (0, 10, 5, -10), (-200, 0, 5, 5), ("a", 0, 1, 1)],
)
def test_a_region_that_is_none_is_refused(region: Any) -> None:
    """A wrong region is named together with what is allowed."""
    with pytest.raises(SettingError, match=r"region cannot be .*(allowed|expected)"):
        charts.base_map(region)


def test_bars_count_everything_once() -> None:
    """Every flight is in exactly one bar; rare kinds together are "other"."""
    flights = table(operator=[f"OP{i:02}" for i in range(20)])
    number = charts.counts(flights, "operator")
    assert number.sum() == 20
    assert number["other"] == 8
    assert charts.counts(flights, "status").tolist() == [20, 0, 0, 0]


def test_bars_carry_names_and_numbers() -> None:
    """Each bar is named and numbered in the picture."""
    drawn = charts.svg(charts.bars(table(status=["DELAYED"] * 1234)))
    for words in ("1,234 flights by status", "Delayed", "1,234", "Cancelled"):
        assert words in drawn


def test_bars_by_what_cannot_be_counted_are_refused() -> None:
    """A column that makes no sense as bars is named."""
    with pytest.raises(SettingError, match=r"by cannot be 'altitude'; allowed: status, phase"):
        charts.bars(table(), by="altitude")


def test_specifications_are_plain_and_name_no_network() -> None:
    """What goes to the browser is dictionaries, lists, words and numbers only."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                assert isinstance(name, str)
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)
        else:
            assert value is None or isinstance(value, str | int | float | bool)
            assert "http" not in str(value)

    check(charts.spec(charts.base_map("us")))
    check(charts.spec(charts.points("dark", "status")))


def test_the_plot_script_is_the_installed_one() -> None:
    """The browser gets Lets-Plot's script from the package, large and complete."""
    script = charts.script()
    assert len(script) > 1_000_000
    assert b"LetsPlot" in script


def test_a_thousand_flights_are_drawn_in_reasonable_size() -> None:
    """A snapshot of a thousand flights stays under 700 kB, so that a report stays light."""
    spread = np.linspace(0, 1, 1000)
    flights = table(longitude=list(-120 + 45 * spread), latitude=list(28 + 18 * (spread * 37 % 1)))
    began = time.perf_counter()
    drawn = charts.svg(charts.flight_map(flights))
    assert len(drawn) < 700_000, f"{len(drawn)} bytes in {time.perf_counter() - began:.1f} s"
    assert set(COLUMNS) == set(flights.columns)
