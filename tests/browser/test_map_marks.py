"""Marks on the live map, in a real browser but without kernel and engines: frames fed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hand_fed import DATA, Page

from flightlib.sky import Mark

pytestmark = pytest.mark.browser

BOX = ((-105.0, 35.0), (-105.0, 40.0), (-100.0, 40.0), (-100.0, 35.0))
OUTAGE = Mark("outage", "<img src=x onerror=alert(1)>", BOX, (-102.5, 40.0))
STORM = Mark("storm", "Storm", tuple((x + 15, y) for x, y in BOX), (-87.5, 40.0))
NOTE = Mark("note", "20% late")


@pytest.fixture(scope="module")
def shown(chromium: Any) -> Page:
    """A map that has drawn its first frame, with an outage on it."""
    page = Page(chromium.new_page(viewport={"width": 940, "height": 700}))
    page.feed(OUTAGE, NOTE)
    page.page.evaluate("begin()")
    page.data(ready="true", marks="2")
    return page


def test_marks_are_drawn_and_follow_the_frames(shown: Page) -> None:
    """An outage is on the canvas in its colour; with the next frame a storm is in its place."""
    shown.feed(OUTAGE, NOTE)
    shown.data(marks="2")
    assert shown.drawn("outage")
    assert not shown.drawn("storm")
    shown.feed(STORM)
    shown.data(marks="1")
    assert shown.drawn("storm")
    assert not shown.drawn("outage")


def test_a_frame_with_other_marks_keeps_the_view(shown: Page) -> None:
    """Zoomed in, marks come and go with the frames, and neither the view nor the land is lost."""
    box = shown.page.locator(".flightlib-stage").bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    home = shown.data()["bounds"]
    shown.page.mouse.wheel(0, -400)
    shown.page.wait_for_function(f"{DATA}.bounds !== {home!r}")
    shown.page.wait_for_timeout(1500)
    near = shown.data()["bounds"]
    land = shown.page.locator(".flightlib-ground svg.plt-container").element_handle()
    for marks in ((OUTAGE,), (), (STORM, OUTAGE, NOTE)):
        shown.feed(*marks)
        assert shown.data(marks=str(len(marks)))["bounds"] == near
    assert land.is_visible(), "the land was built anew"


def test_labels_are_only_text(shown: Page) -> None:
    """A label that looks like markup makes no element and runs nothing."""
    shown.feed(OUTAGE)
    shown.data(marks="1")
    assert shown.page.locator("img").count() == 0
    assert shown.failures == []
