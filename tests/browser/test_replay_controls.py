"""The controls of a replay under a person's hands, in a real JupyterLab; no engine is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

TESTS = str(Path(__file__).parents[1])
CELLS = [
    f"import sys; sys.path.insert(0, {TESTS!r})\n"
    "import tempfile, threading\n"
    "from pathlib import Path\n"
    "import flightlib as fl\n"
    "from recorded import a_sky, keep\n"
    "sky = Path(tempfile.mkdtemp()) / 'sky.parquet'\n"
    "replay = fl.Replay(keep(a_sky(20, 600), sky, **{'no position': 12}))\n"
    "threading.Thread(target=lambda: [None for _ in replay], daemon=True).start()",
    "fl.ReplayControls(replay)",
]


def test_a_hand_steers_a_replay(open_lab: Any) -> None:
    """Dragging seeks when let go, the choice changes the speed, the button works by keyboard."""
    lab = open_lab(CELLS)
    lab.run_all()
    page = lab.page
    button = page.locator(".jp-OutputArea .jupyter-button")
    line = page.locator(".jp-OutputArea .widget-html-content").last
    lab.until(lambda: button.count() and "playing" in line.inner_text())
    assert "12 rows skipped: 12 no position" in line.inner_text()
    track = page.locator(".noUi-base").bounding_box()
    handle = page.locator(".noUi-handle").bounding_box()
    middle_y = track["y"] + track["height"] / 2
    page.mouse.move(handle["x"] + handle["width"] / 2, middle_y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(track["x"] + track["width"] * 0.07 * step, middle_y)
        page.wait_for_timeout(40)
    page.mouse.up()
    lab.until(lambda: "00:07:0" in line.inner_text() or "00:06:5" in line.inner_text())
    page.locator(".widget-dropdown select").select_option("10x")
    lab.until(lambda: "00:08:" in line.inner_text())
    button.click()
    lab.until(lambda: line.inner_text().startswith("paused"))
    assert "Play" in button.inner_text()
    page.keyboard.press("Space")
    lab.until(lambda: line.inner_text().startswith(("playing", "ended")))
    assert lab.failures == []
