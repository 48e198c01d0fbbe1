"""Regions, density, lines, tables, panels and filters in JupyterLab, as a person sees them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hands import bounds, hosts, status, wheel_in, widget

from flightlib import charts
from flightlib.kafka import Publisher

pytestmark = [pytest.mark.stack, pytest.mark.browser]

TESTS = Path(__file__).parents[1]
CELLS = [
    f"""%load_ext flightlib
import sys, threading, time, datetime
import flightlib as fl
sys.path.insert(0, {str(TESTS)!r})
from scripted_jobs import ScriptedJob, ScriptedQuery
query, job, began = ScriptedQuery(), ScriptedJob(uptime_s=0.0), datetime.datetime.now()

def come():
    for i in range(100_000):
        if not query.running:
            return
        end = began + datetime.timedelta(seconds=10 * i)
        query.give((end, '40_-75', i, 30_000.5 + i), (end, '<b>bold</b>', i, None))
        job.become(uptime_s=float(i))
        time.sleep(0.2)

threading.Thread(target=come, daemon=True).start()""",
    "regions = fl.LiveMap('/flights/sse', colour='region', height=320)\nfl.Filters(regions)",
    "density = fl.LiveDensity('/flights/sse', height=320)\ndensity",
    "fl.LiveLine('/flights/sse', y='altitude', by='region', height=240)",
    "fl.LiveLine(query, y='mean_altitude', by='region', height=240)",
    "table = fl.LiveTable(query, height=200)\ntable",
    "panel = fl.JobPanel(job)\npanel",
    "density.snapshot()",
    "table.snapshot()",
    "panel.snapshot()",
]
MAP, DENSITY, LINE, QUERY_LINE, TABLE, PANEL = range(6)
COLOURS = """nth => {
  const canvas = document.querySelectorAll('.flightlib')[nth].querySelector('.flightlib-sky');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
}"""


@pytest.fixture(scope="module")
def lab(published: Publisher, open_lab: Any) -> Any:
    """The notebook, run from the menu; every widget has drawn."""
    assert published.status.running
    opened = open_lab(CELLS)
    opened.page.set_viewport_size({"width": 1280, "height": 3600})
    opened.run_all()
    for nth in range(6):
        opened.until(lambda nth=nth: int(opened.root(nth).get("frames", 0)) > 0, 120)
    return opened


def flights(lab: Any, nth: int) -> int:
    """How many flights it shows."""
    return int(lab.root(nth)["flights"])


def test_regions_are_coloured_and_counted(lab: Any) -> None:
    """All hues are on the canvas, and the legend counts regions and names the busiest."""

    def hues() -> int:
        pixels = base64.b64decode(lab.page.evaluate(COLOURS, MAP))
        chosen = charts.palette("dark").region.values()
        return sum(bytes.fromhex(colour[1:]) + b"\xff" in pixels for colour in chosen)

    lab.until(lambda: hues() == 6)
    legend = widget(lab, MAP).locator(".flightlib-legend").inner_text()
    assert "regions of 5°" in legend
    assert widget(lab, MAP).locator(".flightlib-entry").count() == 4


def test_density_draws_cells_and_keeps_its_view(lab: Any) -> None:
    """Lets-Plot's rectangles lie over the land; zoomed in they are redrawn, and the view stays."""
    tiles = widget(lab, DENSITY).locator(".flightlib-tiles svg.plt-container")
    lowest = [int(charts.palette("dark").density[0][i : i + 2], 16) for i in (1, 3, 5)]
    drawn = f"{','.join(map(str, lowest))}"
    lab.until(lambda: drawn in tiles.inner_html().replace(" ", ""))
    assert int(lab.root(DENSITY)["cells"]) > 50
    assert flights(lab, DENSITY) > 100
    near = wheel_in(lab, 0.6, 0.5, DENSITY)
    lab.more_frames(3, DENSITY)
    assert bounds(lab, DENSITY) == near
    widget(lab, DENSITY).get_by_role("button", name="Back to the whole region").click()
    assert "32+" in widget(lab, DENSITY).locator(".flightlib-legend").inner_text()


def test_a_cell_tells_its_number(lab: Any) -> None:
    """The pointer over a cell brings its place and its flights."""
    box = lab.stage(DENSITY)
    tip = widget(lab, DENSITY).locator(".flightlib-tip")

    def found() -> bool:
        for step in range(400):
            x, y = 0.2 + 0.7 * (step % 20) / 20, 0.3 + 0.5 * (step // 20) / 20
            lab.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            lab.page.wait_for_timeout(30)
            if tip.is_visible():
                return True
        return False

    assert found()
    assert "flight" in tip.inner_text()
    assert "° N" in tip.inner_text()
    lab.page.mouse.move(2, 2)


def test_lines_grow(lab: Any) -> None:
    """Both kinds of lines are drawn anew as time goes on, with UTC below and a legend."""
    for nth in (LINE, QUERY_LINE):
        plot = widget(lab, nth).locator("svg.plt-container")
        lab.until(lambda plot=plot: plot.count() == 1)
        before = plot.inner_html()
        lab.until(lambda plot=plot, before=before: plot.inner_html() != before)
        assert "40_-75" in widget(lab, QUERY_LINE).inner_text() or nth == LINE
    assert "busiest 6 of" in widget(lab, LINE).inner_text()


def test_the_table_fills_while_the_kernel_is_free(lab: Any) -> None:
    """Rows come in at the bottom as text, and the line tells how many and how fast."""
    rows = widget(lab, TABLE).locator("tbody tr")
    before = status(lab, TABLE)
    lab.until(lambda: status(lab, TABLE).split(" · ")[1] != before.split(" · ")[1])
    assert rows.count() <= 200
    last = widget(lab, TABLE).locator("tbody tr").last.inner_text()
    assert "<b>bold</b>" in last
    assert "NULL" in last
    assert widget(lab, TABLE).locator("tbody b").count() == 0
    lab.until(lambda: "rows/s · last row" in status(lab, TABLE))
    scroll = widget(lab, TABLE).locator(".flightlib-scroll")
    below = "e => e.scrollHeight - e.scrollTop - e.clientHeight"
    lab.until(lambda: scroll.evaluate(below) < 2)
    assert lab.page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').count() == 0


def test_the_panel_follows_and_links_the_job(lab: Any) -> None:
    """Facts change by themselves, and the link opens the Flink page in a new tab."""
    panel = widget(lab, PANEL)
    before = panel.locator(".flightlib-facts").inner_text()
    lab.until(lambda: panel.locator(".flightlib-facts").inner_text() != before)
    link = panel.get_by_role("link", name="Flink page")
    lab.until(lambda: str(link.get_attribute("href")).endswith("/proxy/8081/#/job/abc"))
    assert (link.get_attribute("target"), link.get_attribute("rel")) == (
        "_blank",
        "noopener noreferrer",
    )


def test_a_filter_changes_the_flights_and_keeps_the_view(lab: Any) -> None:
    """Pressed, a status limits the stream; the zoom stays, and Show all brings all back."""
    near = wheel_in(lab, 0.5, 0.5, MAP)
    lab.until(lambda: flights(lab, MAP) > 150)
    lab.page.get_by_role("button", name="Delayed", exact=True).first.click()
    lab.until(lambda: 0 < flights(lab, MAP) < 100)
    assert bounds(lab, MAP) == near
    assert lab.page.get_by_text("The stream is asked for status=DELAYED").count() == 1
    lab.page.get_by_role("button", name="Show all").click()
    lab.until(lambda: flights(lab, MAP) > 150)
    assert bounds(lab, MAP) == near


def test_a_wrong_region_is_told_beside_the_controls(lab: Any) -> None:
    """A cell that does not exist brings one line, and the map goes on as before."""
    field = lab.page.get_by_placeholder("all, or 40_-75")
    field.fill("41_-75")
    field.press("Enter")
    told = lab.page.get_by_text("The filter stays as it was.")
    told.wait_for()
    assert "region cannot be '41_-75'" in told.inner_text()
    assert flights(lab, MAP) > 150
    lab.page.get_by_role("button", name="Show all").click()
    told.wait_for(state="detached")


def test_snapshots_stay_as_tables(lab: Any) -> None:
    """The last cells have left a picture and two tables that need no script."""
    outputs = lab.page.locator(".jp-OutputArea-output")
    assert outputs.locator("table td", has_text="40_-75").count() >= 1
    assert outputs.get_by_text("high-altitude").count() >= 2
    assert outputs.locator("img[src^='data:image/svg'], .jp-RenderedSVG").count() >= 1


def test_stop_buttons_stop(lab: Any) -> None:
    """The query and the job end by a press, and both widgets say so."""
    widget(lab, TABLE).get_by_role("button", name="Stop the query").click()
    lab.until(lambda: lab.root(TABLE).get("state") == "stopped")
    assert "stopped" in status(lab, TABLE)
    widget(lab, PANEL).get_by_role("button", name="Stop the job").click()
    lab.until(lambda: lab.root(PANEL).get("job") == "CANCELED")
    for nth in (TABLE, PANEL):
        button = widget(lab, nth).locator("button.flightlib-act")
        lab.until(lambda button=button: not button.is_visible())


def test_nothing_was_asked_of_the_network(lab: Any) -> None:
    """Everything the page needed came from this machine, and no script failed."""
    assert hosts(lab) == {"127.0.0.1"}
    assert lab.failures == []
