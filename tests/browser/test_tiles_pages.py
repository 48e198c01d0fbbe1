"""The engines' pages through JupyterLab, as a browser behind a hub sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from flightlib.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.browser]

TESTS = Path(__file__).parents[1]
BASE = "/user/someone/"  # as a hub gives each person one
PANEL = """import sys
import flightlib as fl
sys.path.insert(0, {tests!r})
from scripted_jobs import ScriptedJob
fl.JobPanel(ScriptedJob("{page}"))"""


@pytest.fixture(scope="module")
def lab(stack: Settings, open_lab: Any) -> Any:
    """A JupyterLab beside the engines, below a path of its own; its cell shows a job's panel."""
    page = f"{stack.flink}/#/overview"
    return open_lab([PANEL.format(tests=str(TESTS), page=page)], BASE)


def test_the_launcher_has_a_tile_for_each_page(lab: Any) -> None:
    """Flink and Trino stand in the launcher, and Flink's tile opens its page in a tab."""
    lab.page.keyboard.press("Control+Shift+L")
    cards = lab.page.locator(".jp-LauncherCard")
    cards.filter(has_text="Trino").first.wait_for()
    cards.filter(has_text="Flink").first.click()
    page = lab.page.frame_locator(f"iframe[src*='{BASE}flink/']")
    page.get_by_text("Available Task Slots").first.wait_for()


def test_trinos_page_shows_its_numbers(lab: Any) -> None:
    """Trino's page asks for no name, and finds its own answers behind another address."""
    refused: list[str] = []
    page = lab.page.context.browser.new_page()
    page.on("response", lambda r: refused.append(r.url) if r.status >= 400 else None)
    page.goto(urljoin(lab.page.url, f"{BASE}trino/ui/?token=open"))
    page.get_by_text("Cluster Overview").first.wait_for()
    page.locator("#cluster-hud .stat").first.wait_for()
    page.locator("#query-list .loader").wait_for(state="detached")
    assert page.url.split("?")[0] == urljoin(lab.page.url, f"{BASE}trino/ui/")
    assert refused == []
    page.close()


def test_a_panels_link_leads_through_jupyterlab(lab: Any, stack: Settings) -> None:
    """Where JupyterLab passes pages on, the link of a job's panel needs no port of the engines."""
    lab.page.get_by_role("tab", name="map.ipynb").click()
    lab.run_all()
    link = lab.page.get_by_role("link", name="Flink page")
    port = stack.flink.rsplit(":", 1)[1]
    wanted = urljoin(lab.page.url, f"{BASE}proxy/{port}/#/overview")
    lab.until(lambda: link.get_attribute("href") == wanted)
    with lab.page.context.expect_page() as opened:
        link.click()
    opened.value.get_by_text("Available Task Slots").first.wait_for()
    opened.value.close()
