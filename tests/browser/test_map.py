"""The live map in JupyterLab on a real Kafka, as a person sees and touches it."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from hands import bounds, hosts, wheel_in

from flightlib import charts
from flightlib.engines import Local
from flightlib.kafka import Publisher

pytestmark = [pytest.mark.stack, pytest.mark.browser]

CELLS = [
    "%load_ext flightlib",
    "import flightlib as fl\nlive = fl.LiveMap('/flights/sse')\nlive",
    "import time\ntime.sleep(8)\nprint('slept', 'well')",
    "live.snapshot()",
    "fl.LiveBars('/flights/sse')",
]
PIXELS = """() => {
  const canvas = document.querySelector('.flightlib-sky');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
}"""


@pytest.fixture(scope="module")
def lab(published: Publisher, open_lab: Any) -> Any:
    """The notebook, run from the menu; the map has drawn its first frames."""
    opened = open_lab(CELLS)
    opened.run_all()
    opened.until(lambda: opened.root().get("ready") and int(opened.root().get("frames", 0)) > 0, 90)
    return opened


@pytest.fixture
def home(lab: Any) -> Any:
    """The map at home, with nothing selected and the pointer away."""
    lab.page.locator(".flightlib-stage").first.focus()
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.press("0")
    lab.page.mouse.move(2, 2)
    lab.page.locator(".flightlib-stage").first.scroll_into_view_if_needed()
    lab.more_frames(1)
    return lab


def coloured(lab: Any) -> dict[str, int]:
    """Count the canvas's pixels in each status's colour."""
    data = base64.b64decode(lab.page.evaluate(PIXELS))
    counts = dict.fromkeys(charts.colours("dark", "status"), 0)
    named = {
        bytes.fromhex(colour[1:]) + b"\xff": status
        for status, colour in charts.colours("dark", "status").items()
    }
    for i in range(0, len(data), 4):
        if status := named.get(data[i : i + 4]):
            counts[status] += 1
    return counts


def aim(lab: Any, least_level: int = 0) -> tuple[float, float]:
    """Find an aircraft, at a flight level or above, by moving the pointer over the map."""
    box = lab.stage()
    for step in range(4000):
        x = box["x"] + box["width"] * (0.25 + 0.7 * (step % 80) / 80)
        y = box["y"] + box["height"] * (0.35 + 0.4 * (step // 80) / 50)
        lab.page.mouse.move(x, y)
        if lab.page.locator(".flightlib-over").count():
            lab.page.wait_for_timeout(40)
            tip = lab.page.locator(".flightlib-tip:visible:has(strong)")
            named = re.search(r"FL(\d+)", tip.inner_text()) if tip.count() else None
            if named and int(named[1]) >= least_level:
                return x, y
    raise AssertionError("no aircraft was found under the pointer")


def test_aircraft_are_drawn_in_the_colours_of_their_status(home: Any) -> None:
    """The canvas over the land holds aircraft: on time and delayed ones at least."""
    home.until(lambda: min(coloured(home)[s] for s in ("ON_TIME", "DELAYED")) > 50)
    assert home.page.locator(".flightlib-ground svg.plt-container").count() == 1


def test_the_picture_moves_from_frame_to_frame(home: Any) -> None:
    """Two frames apart, aircraft are elsewhere."""
    first = home.page.evaluate(PIXELS)
    home.more_frames(2)
    assert home.page.evaluate(PIXELS) != first


def test_the_status_line_tells_the_numbers(home: Any) -> None:
    """The line says live, how many flights, how many reports a second, and how old the newest."""
    home.until(lambda: home.root().get("state") == "live")
    words = home.page.locator(".flightlib-status").first.inner_text()
    assert f"{int(home.root()['flights']):,} flights" in words
    assert "reports/s · newest" in words


def test_a_busy_kernel_does_not_stop_the_map(lab: Any) -> None:
    """Frames keep coming while a cell of the notebook sleeps."""
    lab.page.locator(".jp-Cell").nth(2).click()
    lab.page.keyboard.press("Control+Enter")
    busy = lab.page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]')
    busy.first.wait_for()
    lab.more_frames(3)
    assert busy.count() == 1, "the cell had ended: nothing was shown"
    busy.first.wait_for(state="detached")


def test_zoom_by_the_wheel_survives_the_frames(home: Any) -> None:
    """Zoomed in about the pointer, the view is the same after three further frames."""
    far = bounds(home)
    near = wheel_in(home, 0.7, 0.4)
    assert near[2] - near[0] < 0.8 * (far[2] - far[0])
    home.more_frames(3)
    assert bounds(home) == near


def test_land_and_aircraft_agree_after_zoom(home: Any) -> None:
    """Lets-Plot's own dot of an airport lies where the canvas puts that airport's place."""
    wheel_in(home, 0.6, 0.5)
    box = home.stage()
    west, _, east, _ = bounds(home)
    circles = home.page.locator(".flightlib-ground svg circle, .flightlib-ground svg path")
    assert circles.count() > 5
    labels = home.page.locator(".flightlib-ground svg text")
    table = charts.airport_table("us").set_index("iata")
    compared = 0
    for i in range(labels.count()):
        name = labels.nth(i).text_content().strip()
        place = labels.nth(i).bounding_box()
        if place is None or not box["x"] < place["x"] < box["x"] + box["width"]:
            continue
        wanted = (table.loc[name, "longitude"] - west) / (east - west) * box["width"]
        # A name begins five pixels to the right of its dot.
        assert place["x"] - box["x"] - 5 == pytest.approx(wanted, abs=1.6), name
        compared += 1
    assert compared >= 3


def test_drag_pans_and_stays(home: Any) -> None:
    """Dragging to the right shows what lies further west, and it stays."""
    wheel_in(home)
    before, box = bounds(home), home.stage()
    x, y = box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"]
    home.page.mouse.move(x, y)
    home.page.mouse.down()
    home.page.mouse.move(x + 120, y + 40, steps=5)
    home.page.mouse.up()
    after = bounds(home)
    moved = 120 / box["width"] * (before[2] - before[0])
    assert before[0] - after[0] == pytest.approx(moved, rel=0.05)
    assert after[1] > before[1]
    home.more_frames(2)
    assert bounds(home) == after


def test_double_click_goes_home(home: Any) -> None:
    """Wherever the map is, a double click shows the whole region again."""
    far, box = bounds(home), home.stage()
    wheel_in(home)
    home.page.mouse.dblclick(box["x"] + 60, box["y"] + 60)
    home.until(lambda: bounds(home) == far)


def test_keys_and_buttons_move_the_map(home: Any) -> None:
    """Without a mouse: plus zooms in, an arrow pans, the button goes home."""
    far = bounds(home)
    home.page.locator(".flightlib-stage").first.focus()
    home.page.keyboard.press("+")
    home.until(lambda: bounds(home)[2] < far[2])
    near = bounds(home)
    home.page.keyboard.press("ArrowLeft")
    home.until(lambda: bounds(home)[0] < near[0])
    home.page.get_by_role("button", name="Back to the whole region").first.click()
    home.until(lambda: bounds(home) == far)


def test_hover_names_the_aircraft_and_click_shows_its_card(home: Any) -> None:
    """A pointed-at aircraft is named; clicked, its card has route and height, and a trail grows."""
    x, y = aim(home, least_level=150)  # one on the ground may have no trail to grow
    tip = home.page.locator(".flightlib-tip").first.inner_text()
    assert "→" in tip
    assert "FL" in tip
    assert "kt" in tip
    home.page.mouse.click(x, y)
    home.until(lambda: home.root().get("selected"))
    card = home.page.locator(".flightlib-card").first
    assert card.locator("strong").inner_text() == home.root()["selected"]
    for word in ("Route", "Altitude", "Speed", "Status"):
        assert word in card.inner_text()
    trail = int(home.root()["trail"])
    home.more_frames(4)
    assert int(home.root()["trail"]) > trail
    home.page.keyboard.press("Escape")
    home.until(lambda: "selected" not in home.root())
    assert not card.is_visible()


def test_a_click_on_empty_sea_deselects(home: Any) -> None:
    """A click where no aircraft is closes the card."""
    home.page.mouse.click(*aim(home))
    home.until(lambda: home.root().get("selected"))
    box = home.stage()
    home.page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 0.96 * box["height"])
    home.until(lambda: "selected" not in home.root())


def test_the_legend_hides_and_shows(home: Any) -> None:
    """Pressing a word of the legend hides its aircraft, and the line counts them."""
    button = home.page.locator(".flightlib-legend button").first
    button.click()
    home.until(lambda: coloured(home)["ON_TIME"] == 0)
    home.until(lambda: " of " in home.page.locator(".flightlib-status").first.inner_text())
    button.click()
    home.until(lambda: coloured(home)["ON_TIME"] > 50)


def test_the_map_follows_the_theme_of_the_lab(home: Any) -> None:
    """Switching JupyterLab to light and back recolours land and frame."""
    ground = "() => document.querySelector('.flightlib-ground svg').outerHTML.replaceAll(' ', '')"

    def land(theme: str) -> str:
        colour = charts.palette(theme).land
        return f"rgb({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"

    assert land("dark") in home.page.evaluate(ground)
    for theme, name in (("light", "JupyterLab Light"), ("dark", "JupyterLab Dark")):
        home.page.get_by_role("menuitem", name="Settings", exact=True).click()
        home.page.locator(".lm-Menu-item", has_text="Theme").first.hover()
        home.page.locator(".lm-Menu-item", has_text=name).first.click()
        home.until(lambda theme=theme: home.root().get("theme") == theme)
        home.until(lambda theme=theme: land(theme) in home.page.evaluate(ground))


def test_bars_and_snapshot_stand_below(lab: Any) -> None:
    """The bars count live, and the snapshot cell has left a static picture."""
    lab.until(lambda: lab.root(1).get("state") == "live")
    assert lab.page.locator(".flightlib-plot svg.plt-container").count() == 1
    snapshot = lab.page.locator(".jp-Cell").nth(3).locator(".jp-OutputArea-output svg, img")
    lab.until(lambda: snapshot.count() >= 1)


def test_the_width_of_the_cell_is_kept(home: Any) -> None:
    """A narrower window gives a narrower map, with nothing cut off."""
    wide = home.stage()["width"]
    home.page.set_viewport_size({"width": 980, "height": 1400})
    home.until(lambda: home.stage()["width"] < wide - 200)
    canvas = home.page.locator(".flightlib-sky").first
    home.until(lambda: abs(canvas.evaluate("c => c.width") - home.stage()["width"]) < 2)
    home.page.set_viewport_size({"width": 1280, "height": 1400})
    home.until(lambda: abs(home.stage()["width"] - wide) < 2)


def test_a_reloaded_page_has_its_map_back(lab: Any) -> None:
    """Saved and reloaded, the page asks the running kernel and draws again."""
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.press("Control+s")
    lab.page.locator(".jp-mod-dirty").first.wait_for(state="detached")
    lab.page.reload()
    lab.until(lambda: lab.root().get("ready") and int(lab.root().get("frames", 0)) > 0, 60)


def test_kafka_down_is_said_and_forgotten(
    lab: Any, own_engines: Local, published: Publisher
) -> None:
    """Kafka stopped: the map says so and keeps its picture; back again, it is live by itself."""
    shown = int(lab.root()["flights"])
    own_engines.down(["kafka"])
    lab.until(lambda: lab.root().get("state") == "kafka down", 60)
    words = lab.page.locator(".flightlib-status").first.inner_text()
    assert "Kafka" in words
    assert "showing the last picture" in words
    assert shown > 0
    own_engines.up(["kafka"])
    lab.until(lambda: lab.root().get("state") == "live", 90)
    lab.more_frames(2)
    assert published.status.running


def test_nothing_was_asked_of_the_network(lab: Any) -> None:
    """Everything the page needed came from this machine, and no script failed."""
    assert hosts(lab) == {"127.0.0.1"}
    assert lab.failures == []
