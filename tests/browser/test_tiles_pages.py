"""The engines' pages through JupyterLab, as a browser behind a hub sees them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import pytest

from flightlib.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.browser]


@pytest.fixture(scope="module")
def lab(stack: Settings, open_lab: Any) -> Any:
    """A JupyterLab beside the engines; nothing of it is run."""
    return open_lab(["1 + 1"])


def test_the_launcher_has_a_tile_for_each_page(lab: Any) -> None:
    """Flink and Trino stand in the launcher, and Flink's tile opens its page in a tab."""
    lab.page.keyboard.press("Control+Shift+L")
    cards = lab.page.locator(".jp-LauncherCard")
    cards.filter(has_text="Trino").first.wait_for()
    cards.filter(has_text="Flink").first.click()
    page = lab.page.frame_locator("iframe[src*='/flink/']")
    page.get_by_text("Available Task Slots").first.wait_for()


def test_trinos_page_shows_its_numbers(lab: Any) -> None:
    """Trino's page asks for no name, and finds its own answers behind another address."""
    refused: list[str] = []
    page = lab.page.context.browser.new_page()
    page.on("response", lambda r: refused.append(r.url) if r.status >= 400 else None)
    page.goto(urljoin(lab.page.url, "/trino/ui/?token=open"))
    page.get_by_text("Cluster Overview").first.wait_for()
    page.locator("#cluster-hud .stat").first.wait_for()
    page.locator("#query-list .loader").wait_for(state="detached")
    assert page.url.split("?")[0] == urljoin(lab.page.url, "/trino/ui/")
    assert refused == []
    page.close()
