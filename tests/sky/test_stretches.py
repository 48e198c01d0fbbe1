"""Stretches found before their time: they save work, and change nothing that is seen."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.sky import PRESETS, Columns, Sky, airports
from flightlib.sky.cursor import Cursor, Floats, Ints
from flightlib.sky.disturb import GroundDelay, Holding, Storm
from flightlib.sky.stretches import Stretches

START_MS = 1_764_000_000_000 + 15 * 3_600_000
HOUR_MS = 3_600_000
# A look a second, every few, and jumps there and back.
STEPS = st.sampled_from([1000] * 12 + [7000] * 4 + [60_000, -2500, HOUR_MS, -HOUR_MS])


class Counting(Cursor):
    """A cursor that counts how often it finds pieces."""

    finds = 0

    def _find(self, slots: Ints, time_ms: Ints) -> Stretches:
        self.finds += 1
        return super()._find(slots, time_ms)


class Hasty(Counting):
    """A cursor that finds nothing before its time."""

    def _look_ahead(self, now_ms: int) -> None:
        pass


def same(one: Columns, other: Columns) -> bool:
    """Tell whether two pictures agree on everything, the editions of labels too."""
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(Columns)
    )


def disturbances(preset: str, now_ms: int, number: int) -> tuple[Any, ...]:
    """Three disturbances that begin at a time or soon after it."""
    place = airports(preset)[number % 5]
    end_ms = now_ms + HOUR_MS
    return (
        Storm(place.latitude, place.longitude + 1, 150, 30, 20, now_ms, end_ms),
        GroundDelay(place.code, now_ms, end_ms, 30),
        Holding(place.code, now_ms + 60_000, end_ms, 2),
    )


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(PRESETS), st.integers(0, 2**63 - 1), st.data())
def test_what_is_found_before_its_time_changes_nothing(
    preset: str, seed: int, data: st.DataObject
) -> None:
    """At any times, whatever disturbs, pictures are those of a cursor that keeps nothing."""
    sky = Sky(data.draw(st.integers(60, 300)), preset, seed)
    told: tuple[Any, ...] = ()
    cursors = [kind(sky.fleet, lambda: told) for kind in (Cursor, Hasty)]
    phase: Floats = np.random.default_rng(seed).random(len(sky.fleet.keys)) * 1000
    now_ms = START_MS
    for step_ms in data.draw(st.lists(STEPS, min_size=20, max_size=60)):
        now_ms += step_ms
        if data.draw(st.integers(0, 9)) == 0:
            all_of_them = disturbances(preset, now_ms, data.draw(st.integers(0, 4)))
            told = all_of_them[: data.draw(st.integers(0, 3))]
        ahead, hasty = (one.at(now_ms + phase.astype(np.int64), 60_000) for one in cursors)
        assert same(ahead, hasty)
    fresh = Cursor(sky.fleet, lambda: told).at(now_ms + phase.astype(np.int64), 60_000)
    ahead.edition[:] = fresh.edition
    assert same(ahead, fresh)


def test_second_by_second_hardly_anything_is_left_to_find() -> None:
    """A cursor that follows time finds pieces a few times a minute, not at each look."""
    fleet = Sky(1000).fleet
    cursors = Counting(fleet), Hasty(fleet)
    for second in range(120):
        for cursor in cursors:
            cursor.at(np.full(len(fleet.keys), START_MS + second * 1000), 60_000)
    swift, hasty = (cursor.finds for cursor in cursors)
    assert swift * 4 < hasty
