"""A real Chromium with one page, driven by playwright, which not every installation has."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from flightlib.errors import MeasureError

T = TypeVar("T")

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WIDTH_PX, HEIGHT_PX = 1280, 900
PATIENCE_MS = 60_000


@contextmanager
def page() -> Iterator[Any]:
    """Open a page of a browser without a window, and close both afterwards.

    Raises MeasureError when there is no playwright or no browser, saying what to install, and when
    the browser fails.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise MeasureError(
            "playwright, which drives the browser, is not installed. "
            "Run `pip install 'flightlib[measure]'`."
        ) from None
    try:
        with sync_playwright() as player:
            found = browser(player.chromium.executable_path)
            started = player.chromium.launch(executable_path=found, args=list(FLAGS))
            try:
                shown = started.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
                shown.set_default_timeout(PATIENCE_MS)
                yield shown
            finally:
                started.close()
    except Error as error:
        said = str(error).strip().splitlines() or ["nothing was said"]
        raise MeasureError(f"The browser failed: {said[0]}") from None


def browser(own: str) -> str:
    """Find a browser: one on the PATH, else playwright's own if it was installed at `own`.

    Raises MeasureError, saying what to install, when there is none.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if Path(own).exists():
        return own
    raise MeasureError(
        f"No {', '.join(NAMES)} on the PATH. "
        "Run `sudo apt-get install chromium`, or `playwright install chromium`."
    )


def apart(work: Callable[[], T]) -> T:
    """Do work in a thread of its own where this one has an event loop, as a notebook's has.

    Playwright's plain calls refuse a thread with a running loop. The thread is left to itself when
    its caller is interrupted: it ends when what it looks at has ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # whatever it was, the caller is told
            done.set_exception(error)

    Thread(target=run, name="flightlib-measure", daemon=True).start()
    return done.result()
