"""The lake's widgets in JupyterLab, on a scripted lake, as a person sees and touches them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hands import hosts, status, widget

pytestmark = pytest.mark.browser

TESTS = Path(__file__).parents[1]
CELLS = [
    f"""import os, sys, threading, time
sys.path.insert(0, {str(TESTS)!r})
from scripted_answers import ScriptedLake
lake = ScriptedLake()
for _ in range(5):
    lake.commit()
lake.start()
os.environ['FLIGHTLIB_CATALOG_PORT'] = str(lake.port)

def grow():
    for _ in range(10_000):
        time.sleep(2.5)
        lake.commit(after_ms=int(time.time() * 1000) - lake.commits[-1].committed_ms)

threading.Thread(target=grow, daemon=True).start()
import flightlib as fl""",
    "board = fl.Dashboard(url=lake.url)\nboard",
    "fl.LiveSnapshots(height=200)",
    "travel = fl.TimeTravel(url=lake.url, height=320)\ntravel",
    "board.snapshot()",
    "travel.snapshot()",
]
TABLE, BARS, LINE, DENSITY, TIMELINE, MAP = range(6)


@pytest.fixture(scope="module")
def lab(open_lab: Any) -> Any:
    """The notebook, run from the menu; every widget has drawn."""
    opened = open_lab(CELLS)
    opened.page.set_viewport_size({"width": 1280, "height": 3600})
    opened.run_all()
    for nth in range(6):
        opened.until(lambda nth=nth: int(opened.root(nth).get("frames", 0)) > 0, 120)
    return opened


def column(lab: Any, nth: int) -> list[str]:
    """The words of one column of the table, from the top."""
    script = "(rows, nth) => rows.map((row) => row.children[nth].textContent)"
    cells: list[str] = widget(lab, TABLE).locator("tbody tr").evaluate_all(script, nth)
    return cells


def feet(lab: Any) -> list[int]:
    """The altitudes of the table, from the top."""
    return [int(cell.replace(",", "")) for cell in column(lab, 4)]


def refreshed(lab: Any) -> None:
    """Wait until the table has the rows of a newer snapshot."""
    before = {one.split("-")[-1] for one in column(lab, 1)}
    lab.until(lambda: not before & {one.split("-")[-1] for one in column(lab, 1)})


def test_the_line_names_the_snapshot_and_its_age(lab: Any) -> None:
    """Number, time of commit, age and rows stand below the table, and follow the commits."""
    words = r"snapshot 7918…\d{4} · committed \d\d:\d\d:\d\d UTC · .+ old · 40 rows"
    lab.until(lambda: re.fullmatch(words, status(lab, TABLE)))
    before = status(lab, TABLE).split(" · ")[0]
    lab.until(lambda: status(lab, TABLE).split(" · ")[0] != before)
    for nth in (BARS, LINE, DENSITY):
        assert re.match(r"snapshot 7918…\d{4} · .+ old", status(lab, nth))


def test_a_press_on_a_head_sorts_and_stays_after_a_refresh(lab: Any) -> None:
    """Numbers sort by size, upwards and then downwards; new rows come sorted."""
    head = widget(lab, TABLE).get_by_role("columnheader", name="altitude")
    head.get_by_role("button").click()
    lab.until(lambda: feet(lab) == sorted(feet(lab)))
    assert head.get_attribute("aria-sort") == "ascending"
    refreshed(lab)
    assert feet(lab) == sorted(feet(lab))
    head.get_by_role("button").click()
    lab.until(lambda: feet(lab) == sorted(feet(lab), reverse=True))
    refreshed(lab)
    assert feet(lab) == sorted(feet(lab), reverse=True)
    head.get_by_role("button").click()
    lab.until(lambda: head.get_attribute("aria-sort") == "none")
    assert column(lab, 0) == sorted(column(lab, 0), reverse=True)


def test_the_filter_box_narrows_and_stays_after_a_refresh(lab: Any) -> None:
    """Only rows with the words are left, and the box says how many; emptied, all are back."""
    box = widget(lab, TABLE).get_by_role("searchbox")
    box.fill("cancelled 40_-75")
    lab.until(lambda: set(column(lab, 2)) == {"CANCELLED"})
    found = widget(lab, TABLE).locator(".flightlib-found")
    assert found.inner_text() == "10 of 40 rows"
    refreshed(lab)
    assert set(column(lab, 2)) == {"CANCELLED"}
    box.fill("nothing has these")
    widget(lab, TABLE).get_by_text("No row has these words").wait_for()
    box.fill("")
    lab.until(lambda: len(column(lab, 0)) == 40)


def test_pictures_are_drawn_and_follow(lab: Any) -> None:
    """Bars, line and cells are there, and are drawn anew with later snapshots."""
    for nth in (BARS, LINE):
        assert widget(lab, nth).locator("svg.plt-container").count() == 1
    assert int(lab.root(DENSITY)["cells"]) == 45
    lab.more_frames(2, DENSITY)
    side_by_side = [widget(lab, nth).bounding_box() for nth in (BARS, LINE)]
    assert side_by_side[0]["y"] == side_by_side[1]["y"]


def test_the_timeline_grows(lab: Any) -> None:
    """Each commit is drawn, and the line counts the snapshots and says when the next is due."""
    words = r"(\d+) snapshots · newest .+ old · [\d,]+ rows in \d+ files · .*(due|overdue).*"
    first = lab.until(lambda: re.fullmatch(words, status(lab, TIMELINE)))
    lab.more_frames(2, TIMELINE)
    later = lab.until(lambda: re.fullmatch(words, status(lab, TIMELINE)))
    assert int(later[1]) > int(first[1])
    assert "append" in widget(lab, TIMELINE).inner_text()


def test_the_slider_moves_the_map_and_stays(lab: Any) -> None:
    """At its left end the map is that of the first commit, whatever lands; Newest goes on."""
    handle = lab.page.get_by_role("slider").last
    handle.focus()
    lab.page.keyboard.press("Home")
    lab.until(lambda: "snapshot 7918…0001" in status(lab, MAP))
    label = lab.page.get_by_text(re.compile(r"100 rows · 1 of \d+"))
    count = int(label.inner_text().split()[-1])
    lab.until(lambda: int(label.inner_text().split()[-1]) > count)
    assert "snapshot 7918…0001" in status(lab, MAP)
    assert "40 flights" in status(lab, MAP)
    lab.page.get_by_role("button", name="Newest").click()
    lab.until(lambda: "snapshot 7918…0001" not in status(lab, MAP))
    before = status(lab, MAP).split(" · ")[0]
    lab.until(lambda: status(lab, MAP).split(" · ")[0] != before)


def test_snapshots_stay(lab: Any) -> None:
    """The last cells have left a table with three pictures, and a map, that need no script."""
    outputs = lab.page.locator(".jp-OutputArea-output")
    assert outputs.locator("img[src^='data:image/svg+xml;base64']").count() == 3
    assert outputs.locator("td", has_text="UAL0-").count() >= 1
    assert outputs.locator("svg, img[src^='data:image/svg']").count() > 3


def test_nothing_was_asked_of_the_network(lab: Any) -> None:
    """Everything the page needed came from this machine, and no script failed."""
    assert hosts(lab) == {"127.0.0.1"}
    assert lab.failures == []
