"""The stream as arrays: whatever happens to reports on their way, none is lost or out of order."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.records import encode
from flightlib.sky import Columns, Sky
from flightlib.sky.fleet import fleet
from flightlib.sky.reports import Clock
from flightlib.sky.stream import LATE_MS, Batch, Effect, Ints, Timing, batches, late

START_MS = 1_764_000_000_000
FLEET = fleet("us", 7, 60)
quickly = settings(max_examples=15, deadline=None)


@pytest.mark.parametrize(
    ("sky", "start_ms", "count", "options", "digest"),
    [
        ((200, "us", 7), 0, 4000, {}, "844c94b7569ef5d5"),
        ((60, "europe", 3), 123, 3000, {"interval_s": 10.0, "late_share": 0.3}, "d25158c99f80fee8"),
        ((40, "europe", 11), 0, 9999, {"until_ms": 30_000, "late_share": 1.0}, "4878fc284df44c57"),
        (
            (300, "us", 3),
            77,
            9999,
            {"until_ms": 600_077, "interval_s": 60.0, "speed": 7.5},
            "9931045b828f9dad",
        ),
    ],
)
def test_content_and_order_are_pinned(
    sky: tuple[Any, ...], start_ms: int, count: int, options: dict[str, Any], digest: str
) -> None:
    """Every byte and its place are the same on every machine; a change of the sky is noticed."""
    if "until_ms" in options:
        options = {**options, "until_ms": START_MS + options["until_ms"]}
    found = hashlib.sha256()
    for report in islice(Sky(*sky).reports(START_MS + start_ms, **options), count):
        found.update(encode(report, 1))
    assert found.hexdigest()[:16] == digest


def made(effects: list[Effect], seconds: int = 30, interval_ms: int = 1000) -> list[Batch]:
    timing = Timing(Clock(START_MS, 1.0), interval_ms, START_MS + seconds * 1000)
    return list(batches(FLEET, timing, effects))


def marks(stream: list[Batch]) -> list[tuple[int, int]]:
    return [
        mark
        for batch in stream
        for mark in zip(batch.columns.slot.tolist(), batch.stamps.tolist(), strict=True)
    ]


@quickly
@given(st.floats(0, 1), st.sampled_from([100, 1000, 7300, 60_000]))
def test_lateness_moves_reports_and_loses_none(share: float, interval_ms: int) -> None:
    """However many are late, the same reports come, in order of due times that never go back."""
    stream = made([late(FLEET.keys, share)], interval_ms=interval_ms)
    due_ms = np.concatenate([batch.due_ms for batch in stream])
    stamps = np.concatenate([batch.stamps for batch in stream])
    assert (np.diff(due_ms) >= 0).all()
    assert ((due_ms >= stamps) & (due_ms <= stamps + LATE_MS)).all()
    assert sorted(marks(stream)) == sorted(marks(made([], interval_ms=interval_ms)))


def test_an_effect_may_drop_double_and_hold_back() -> None:
    """A row left out is lost, one named twice comes twice, and one held back comes when due."""

    def effect(columns: Columns, stamps: Ints, rows: Ints, due_ms: Ints) -> tuple[Ints, Ints]:
        slots = columns.slot[rows]
        kept = slots % 3 != 0
        held = np.where(slots % 3 == 1, START_MS + 25_000, due_ms)
        twice = kept & (slots % 3 == 2)
        return np.append(rows[kept], rows[twice]), np.append(held[kept], due_ms[twice])

    plain, changed = marks(made([])), marks(made([effect]))
    assert sorted(changed) == sorted(m for m in plain for _ in range(m[0] % 3))
    late_ones = [stamp for slot, stamp in changed if slot % 3 == 1 and stamp < START_MS + 20_000]
    assert late_ones
    at_25_s = [stamp for _, stamp in changed].index(late_ones[0])
    assert all(slot % 3 == 2 for slot, _ in changed[:at_25_s])
    for slot in {slot for slot, _ in changed}:
        stamps = [stamp for other, stamp in changed if other == slot]
        assert stamps == sorted(stamps)


def test_a_batch_holds_what_is_due_within_its_tick() -> None:
    """A batch's due times lie in one interval, so a publisher holds no more than that."""
    stream = made([late(FLEET.keys, 0.2)])
    assert len(stream) == 31
    for number, batch in enumerate(stream[:30]):
        assert set((batch.due_ms - START_MS) // 1000) == {number}
