"""A still picture that shows itself: it stays in an executed notebook without a kernel."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from flightlib.errors import StreamError
from flightlib.live import Freshness, Stream


class _Still:
    """What a snapshot is: something in one format, and in words beside it."""

    _format: str

    def __init__(self, drawn: str, words: str) -> None:
        self._drawn, self.words = drawn, words

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {self._format: self._drawn, "text/plain": self.words}

    def save(self, path: str | Path) -> Path:
        """Write it to a file; returns where it is."""
        target = Path(path)
        target.write_text(self._drawn, encoding="utf-8")
        return target


class Snapshot(_Still):
    """One picture as SVG, with its numbers in words beside it."""

    _format = "image/svg+xml"

    @property
    def svg(self) -> str:
        """The picture itself."""
        return self._drawn


class Sheet(_Still):
    """A table or a few facts as HTML, with the same in plain text beside it."""

    _format = "text/html"

    @property
    def html(self) -> str:
        """The table itself."""
        return self._drawn


def await_flights(stream: Stream, within_s: float) -> None:
    """Wait until flights have come; raises StreamError, saying why, when none did in time.

    A live stream that still tells of older reports is given the rest of the time to catch up.
    """
    deadline_s = time.monotonic() + within_s
    if not stream.wait_for(lambda s: bool(s.flights), within_s):
        told = stream.freshness
        raise StreamError(
            f"No flight came from {stream.url} within {within_s:g} s. "
            f"{told.message or f'The stream is {told.state}.'}"
        )
    left_s = max(0.0, deadline_s - time.monotonic())
    stream.wait_for(lambda s: s.freshness.is_fresh or s.freshness.state != "live", left_s)


def caption(told: Freshness) -> str:
    """Say when a picture was taken and how fresh it was."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    age = "" if told.age_s is None else f" · newest report {told.age_s:.1f} s old"
    state = "" if told.state == "live" else f" · {told.state}"
    return f"{at} UTC · {told.reports_per_s:,.0f} reports/s{age}{state}"
