"""Aircraft on the live map's canvas: where they are, what is told of a frame, what stays."""

from __future__ import annotations

from collections.abc import Iterator
from math import asinh, degrees, radians, tan
from typing import Any

import pytest
from hand_fed import FLIGHT, Page, T

from flightlib import charts

pytestmark = pytest.mark.browser

HEAR = """() => {
  globalThis.heard = [];
  document.addEventListener('flightlib-frame', ({ detail }) => {
    const { frame, roster, ...times } = detail;
    const [who] = roster.get(frame.index[0]);
    heard.push({ times, rows: frame.rows, age: frame.age[0], who, known: roster.size });
  });
}"""
LAST = "heard.at(-1) ?? null"


@pytest.fixture(scope="module", params=[1, 2], ids=["plain", "dense"])
def shown(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A map that has drawn its first frame, on a screen of so many pixels to a pixel."""
    window = {"width": 940, "height": 700}
    opened = chromium.new_page(viewport=window, device_scale_factor=request.param)
    page = Page(opened)
    page.feed()
    opened.evaluate(HEAR)
    opened.evaluate("begin()")
    page.data(ready="true", flights="1")
    opened.wait_for_function(f"{LAST} !== null")
    yield page
    assert page.failures == []
    opened.close()


def see(page: Page, *flights: dict[str, Any]) -> None:
    """Feed a frame of these flights, and wait until it is told to be on the screen."""
    page.page.evaluate("heard.length = 0")
    page.feed(flights=flights)
    page.page.wait_for_function(f"{LAST} !== null")


def places(page: Page, status: str = "ON_TIME") -> list[tuple[float, float]]:
    """The pixels in the colour of a status, in pixels of the page, from the left and the top."""
    colour = bytes.fromhex(charts.colours("dark", "status")[status][1:]) + b"\xff"
    pixels = page.pixels()
    wide = page.page.evaluate("document.querySelector('.flightlib-sky').width")
    ratio = page.page.evaluate("devicePixelRatio")
    found = (i // 4 for i in range(0, len(pixels), 4) if pixels[i : i + 4] == colour)
    return [(at % wide / ratio, at // wide / ratio) for at in found]


def north_of(latitude: float) -> float:
    """A latitude on the Mercator plane, in degrees."""
    return degrees(asinh(tan(radians(latitude))))


def test_an_aircraft_is_drawn_where_it_is(shown: Page) -> None:
    """The middle of its pixels is its place on the Mercator plane, to two pixels."""
    see(shown, {**FLIGHT, "longitude": -100.0, "latitude": 40.0, "heading": 0.0})
    west, _, east, north = map(float, shown.data()["bounds"].split(","))
    stage = shown.page.locator(".flightlib-stage").bounding_box()
    scale = stage["width"] / (east - west)
    found = places(shown)
    assert len(found) > 20
    x = sum(place[0] for place in found) / len(found)
    y = sum(place[1] for place in found) / len(found)
    assert x == pytest.approx((-100 - west) * scale, abs=2)
    # An arrowhead's own middle lies a little behind the middle of its box.
    assert y == pytest.approx((north_of(north) - north_of(40)) * scale, abs=4)


def test_an_aircraft_at_the_edge_is_seen_in_part(shown: Page) -> None:
    """One whose middle is just outside still has pixels inside; one far away has none."""
    west, _, east, _ = map(float, shown.data()["bounds"].split(","))
    pixel = (east - west) / shown.page.locator(".flightlib-stage").bounding_box()["width"]
    for away_px, seen in ((3, True), (40, False)):
        there = {**FLIGHT, "longitude": west - away_px * pixel, "latitude": 40.0, "heading": 90.0}
        see(shown, there)
        assert bool(places(shown)) is seen


def test_an_aircraft_without_a_heading_is_seen(shown: Page) -> None:
    """What is not known does not hide it."""
    see(shown, {**FLIGHT, "heading": None})
    assert places(shown)


def test_pointing_at_the_sea_changes_no_pixel(shown: Page) -> None:
    """Aircraft that are not laid anew stay: the canvas is the same after the pointer has moved."""
    see(shown, FLIGHT, {**FLIGHT, "flight_id": "B", "status": "DELAYED", "latitude": 35.0})
    before = shown.pixels()
    box = shown.page.locator(".flightlib-stage").bounding_box()
    for step in range(5):
        shown.page.mouse.move(box["x"] + 60 + step, box["y"] + box["height"] - 150)
        shown.page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
    assert places(shown, "DELAYED")
    assert shown.pixels() == before


def test_a_frame_on_the_screen_is_told_once(shown: Page) -> None:
    """The event has the frame's own columns and times in order; a redraw brings none."""
    see(shown, {**FLIGHT, "timestamp": T - 1500})
    told = shown.page.evaluate(LAST)
    assert (told["rows"], told["who"], told["age"]) == (1, "A", 1.5)
    assert told["times"]["at_ms"] == T
    assert told["times"]["drawn_ms"] >= told["times"]["begun_ms"]
    shown.page.evaluate(
        "() => (drawn.again(), new Promise((done) => requestAnimationFrame(() =>"
        " requestAnimationFrame(() => requestAnimationFrame(done)))))"
    )
    assert shown.page.evaluate("heard.length") == 1


def test_the_words_of_flights_that_are_gone_are_forgotten(shown: Page) -> None:
    """A page that sees ever new flights keeps those that it shows, and but a few more."""
    see(shown, *({**FLIGHT, "flight_id": f"OLD{i}"} for i in range(400)))
    assert shown.page.evaluate(LAST)["known"] >= 400
    see(shown, FLIGHT)
    told = shown.page.evaluate(LAST)
    assert (told["known"], told["who"]) == (1, "A")
