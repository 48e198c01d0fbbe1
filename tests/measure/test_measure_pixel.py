"""From a report to the screen: what the browser noted becomes latencies, stage by stage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from flightlib.errors import MeasureError
from flightlib.measure import chromium
from flightlib.measure.drawn import frames_of, reports_of
from flightlib.measure.pixel import STAGES, numbers_of, samples_of

NOTED: dict[str, Any] = {
    "frames": [
        {"at_ms": 1000, "sent_ms": 1002, "heard_ms": 1010, "begun_ms": 1011, "drawn_ms": 1040}
        | {"rows": 2, "newest_s": 0.02500000037252903},
        {"at_ms": 2000, "sent_ms": 2002, "heard_ms": 2010, "begun_ms": 2020, "drawn_ms": 2100}
        | {"rows": 2, "newest_s": 0.10000000149011612},
    ],
    "reports": [[0, 7, 540], [0, 3, 975], [1, 3, 1900]],
    "ids": [[3, "A"], [7, "B"]],
}


def test_a_report_is_as_late_as_the_first_frame_that_shows_it() -> None:
    """Each report's latency is from its own time to the moment its frame was on the screen."""
    reports = reports_of(NOTED)
    assert reports.flight_id.tolist() == ["B", "A", "A"]
    samples = samples_of(frames_of(NOTED), reports)
    late = samples[samples.stage == "report to screen"].latency_s
    assert late.tolist() == pytest.approx([0.5, 0.065, 0.2])


def test_the_stages_of_the_newest_report_add_up() -> None:
    """From event to screen, the stages of a frame leave no gap and overlap nowhere."""
    samples = samples_of(frames_of(NOTED), reports_of(NOTED))
    of = {stage: rows.latency_s.to_numpy() for stage, rows in samples.groupby("stage")}
    assert sum(of[stage] for stage in STAGES).tolist() == pytest.approx([0.065, 0.2])
    assert of["newest to screen"].tolist() == pytest.approx([0.065, 0.2])


def test_numbers_come_from_the_samples() -> None:
    """Percentiles, stages and the rate of frames are what the samples give."""
    frames = frames_of(NOTED)
    numbers = numbers_of(samples_of(frames, reports_of(NOTED)), frames)
    assert numbers["max_s"] == pytest.approx(0.5)
    assert numbers["newest_max_s"] == pytest.approx(0.2)
    assert numbers["drawing_to_screen_p50_s"] == pytest.approx((0.029 + 0.080) / 2)
    assert numbers["frames_per_s"] == pytest.approx(1 / 1.06)
    assert numbers["reports"] == 3


def test_without_a_browser_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No Chromium anywhere is an error that names the command; one that is there is found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MeasureError, match="apt-get install chromium"):
        chromium.browser(str(tmp_path / "none"))
    own = tmp_path / "own"
    own.touch()
    assert chromium.browser(str(own)) == str(own)


def test_without_playwright_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without playwright is told which extra brings it."""
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(MeasureError, match=r"flightlib\[measure\]"), chromium.page():
        raise AssertionError("there was no playwright")


def test_work_is_done_apart_where_a_loop_runs() -> None:
    """Beside an event loop work is done in another thread, its answer and its errors come back."""
    import asyncio
    import threading

    def fails() -> None:
        raise MeasureError("no")

    async def beside() -> int:
        with pytest.raises(MeasureError, match="no"):
            chromium.apart(fails)
        return chromium.apart(threading.get_ident)

    assert asyncio.run(beside()) != threading.get_ident()
    assert chromium.apart(threading.get_ident) == threading.get_ident()
