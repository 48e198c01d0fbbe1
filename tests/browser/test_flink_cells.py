"""`%%flink` in JupyterLab on real Flink: table, panel and map, seen and stopped."""

from __future__ import annotations

from typing import Any

import pytest
from hands import hosts, widget
from known import lesson

from flightlib.flink import Job
from flightlib.kafka import Publisher
from flightlib.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.browser]
JOB = "seen-in-a-browser"
CELLS = [
    "%load_ext flightlib\nimport flightlib as fl\nhigh_ft = 30_000",
    "%%flink --as table\n" + lesson("high-flights"),
    f"%%flink --job {JOB} --as panel\n" + lesson("high-altitude"),
    "fl.LiveMap('/processed_flights/sse', colour='region', height=360)",
    "%flink SELECT altitude FROM flightz",
]
TABLE, PANEL, MAP = range(3)


@pytest.fixture(scope="module")
def lab(stack: Settings, published: Publisher, open_lab: Any) -> Any:
    """The notebook, run from the menu; every widget has drawn."""
    assert published.status.running
    opened = open_lab(CELLS)
    opened.page.set_viewport_size({"width": 1280, "height": 2600})
    opened.run_all()
    for nth in range(3):
        opened.until(lambda nth=nth: int(opened.root(nth).get("frames", 0)) > 0, 120)
    yield opened
    Job(JOB, stack).stop()


def test_the_table_fills_with_rows_of_the_stream(lab: Any) -> None:
    """Rows of real flights come and go on coming while nothing is asked of the kernel."""
    rows = widget(lab, TABLE).locator("tbody tr")
    lab.until(lambda: rows.count() > 20, 90)
    assert int(rows.last.locator("td").nth(3).inner_text().replace(",", "")) > 30_000
    assert "rows/s" in widget(lab, TABLE).locator(".flightlib-status").inner_text()


def test_the_panel_tells_the_job_and_the_map_shows_what_it_lets_through(lab: Any) -> None:
    """The job runs and makes checkpoints, and its flights are on the map."""
    lab.until(lambda: lab.root(PANEL).get("job") == "RUNNING", 90)
    facts = widget(lab, PANEL).locator(".flightlib-facts")
    lab.until(lambda: "Checkpoints\n0" not in facts.inner_text())
    lab.until(lambda: int(lab.root(MAP).get("flights", 0)) > 20, 90)
    lab.more_frames(2, MAP)


def test_an_error_is_one_line_under_its_cell(lab: Any) -> None:
    """A wrong name shows as one line with the nearest one, and no stack trace."""
    said = lab.page.locator(".jp-OutputArea-output", has_text="SqlError").last
    assert said.inner_text().strip() == (
        "SqlError: Flink refuses this at line 1, column 22: table 'flightz' not found. "
        "Did you mean 'flights'?"
    )


def test_the_buttons_stop_the_query_and_the_job(lab: Any, stack: Settings) -> None:
    """Pressed, they end what runs on the cluster, and the widgets say so."""
    widget(lab, TABLE).get_by_role("button", name="Stop the query").click()
    lab.until(lambda: lab.root(TABLE).get("state") == "stopped")
    widget(lab, PANEL).get_by_role("button", name="Stop the job").click()
    lab.until(lambda: lab.root(PANEL).get("job") == "STOPPED", 90)
    assert Job(JOB, stack).entry.wanted == "stopped"


def test_nothing_failed_and_nothing_was_asked_of_the_network(lab: Any) -> None:
    """Everything the page needed came from this machine, and no script failed."""
    assert hosts(lab) == {"127.0.0.1"}
    assert lab.failures == []
