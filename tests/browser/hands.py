"""What a person does to a map in the browser, and what the page asked for meanwhile."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


def bounds(lab: Any, nth: int = 0) -> list[float]:
    """What the nth widget, a map, shows: west, south, east, north."""
    return [float(edge) for edge in lab.root(nth)["bounds"].split(",")]


def wheel_in(lab: Any, x: float = 0.5, y: float = 0.5, nth: int = 0) -> list[float]:
    """Zoom in by the wheel at a place of the stage; give the new bounds when they rest."""
    before, box = bounds(lab, nth), lab.stage(nth)
    lab.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    lab.page.mouse.wheel(0, -300)
    lab.until(lambda: bounds(lab, nth) != before)
    lab.page.wait_for_timeout(300)
    return bounds(lab, nth)


def widget(lab: Any, nth: int) -> Any:
    """The nth widget on the page."""
    return lab.page.locator(".flightlib").nth(nth)


def status(lab: Any, nth: int) -> str:
    """What its line says."""
    return str(widget(lab, nth).locator(".flightlib-status").inner_text())


def hosts(lab: Any) -> set[str | None]:
    """Which machines the page asked for anything."""
    return {urlsplit(url).hostname for url in lab.requests if url.startswith(("http", "ws"))}
