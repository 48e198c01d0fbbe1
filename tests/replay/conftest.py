"""What the tests of recordings share: a clock that is set by hand, and small skies."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded import BEGIN_MS, a_sky, keep

from flightlib.records import FlightReport
from flightlib.replay import Recording


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ms += round(seconds * 1000)


@pytest.fixture
def clock() -> Clock:
    """A clock ten days after the recordings."""
    return Clock(BEGIN_MS + 864_000_000)


@pytest.fixture(scope="session")
def reports() -> list[FlightReport]:
    """A minute of a small sky, with late reports."""
    return a_sky(late_share=0.05)


@pytest.fixture
def recording(reports: list[FlightReport], tmp_path: Path) -> Recording:
    """A recording of it, which met two messages that were none."""
    return keep(reports, tmp_path / "sky.parquet", **{"not a flight report": 2})
