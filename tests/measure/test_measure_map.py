"""Frames a second and a growing heap, computed from what was noted."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flightlib.measure.lab import write
from flightlib.measure.map import interval_s_of, numbers_of, slope_per_min


def test_a_heap_is_judged_by_its_second_half() -> None:
    """What a page takes at first does not count; what it goes on taking does."""
    at_s = np.arange(0, 120, 5.0)
    settling = np.where(at_s < 50, at_s, 50.0)
    assert slope_per_min(list(at_s), list(settling)) == pytest.approx(0)
    assert slope_per_min(list(at_s), list(30 + at_s / 60 * 2)) == pytest.approx(2)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_too_few_samples_have_no_slope(values: list[float]) -> None:
    """A look that was too short is no number, not a flat heap."""
    assert isnan(slope_per_min(list(range(len(values))), values))


def test_each_size_has_its_own_frame_rate() -> None:
    """Frames a second and the time of a frame are told apart by aircraft, the heap beside them."""
    few = {"what": "frame", "at_s": np.arange(0, 2.1, 0.25), "frame_ms": 20.0, "aircraft": 100}
    many = {"what": "frame", "at_s": np.arange(2, 6.1, 0.5), "frame_ms": 80.0, "aircraft": 5000}
    heap = {"what": "heap", "at_s": np.arange(0, 60, 5.0), "heap_mb": 40.0, "aircraft": 5000}
    samples = pd.concat([pd.DataFrame(rows) for rows in (few, many, heap)], ignore_index=True)
    numbers = numbers_of(samples, 5000)
    assert numbers["aircraft_100_frames_per_s"] == pytest.approx(4)
    assert numbers["frames_per_s"] == numbers["aircraft_5000_frames_per_s"] == pytest.approx(2)
    assert (numbers["aircraft_100_p95_ms"], numbers["aircraft_5000_p50_ms"]) == (20, 80)
    assert numbers["heap_mb_per_min"] == pytest.approx(0)
    assert numbers["heap_mb"] == 40


def test_figures_that_share_a_jupyterlab_have_a_notebook_each(tmp_path: Path) -> None:
    """A second figure's notebook does not take the place of the first one's, which may be open."""
    names = [write(tmp_path, cells) for cells in (["1"], ["2", "3"])]
    written = [json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in names]
    assert [[cell["source"] for cell in one["cells"]] for one in written] == [["1"], ["2", "3"]]


def test_no_size_reports_faster_than_a_kernel_reads() -> None:
    """Up to 5,000 aircraft report each second; more report so much less often."""
    assert [interval_s_of(size) for size in (100, 5000, 10_000)] == [1, 1, 2]
