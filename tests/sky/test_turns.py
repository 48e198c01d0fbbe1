"""Diverted flights turn away as airliners do, and not at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from flown import covered_nm

from flightlib.records import PHASES, STATUSES
from flightlib.sky import PRESETS, Sky
from flightlib.sky.cursor import Cursor
from flightlib.sky.hops import AWAY, NEVER_MS
from flightlib.sky.itinerary import BLOCK_MS
from flightlib.sky.plan import block_at, plan
from flightlib.sky.turns import RATE_DEG_S, away

START_MS = 1_763_424_000_000
MOST = 12


@pytest.fixture(params=PRESETS, scope="module")
def turned(request: pytest.FixtureRequest) -> tuple[Sky, np.ndarray, np.ndarray]:
    """A sky, the aircraft of it that divert within three days, and when each turns away."""
    sky = Sky(1500, request.param)
    fleet = sky.fleet
    slots = np.arange(len(fleet.keys))
    block = block_at(fleet, slots, np.full(len(slots), START_MS))
    _, table = plan(fleet, slots, block)
    rows, columns = np.nonzero((table.kind == AWAY) & (table.begin < NEVER_MS))
    rows, columns = rows[:MOST], columns[:MOST]
    begin_ms = block[rows] * BLOCK_MS + fleet.phase_ms[rows] + table.begin[rows, columns]
    assert len(rows) > 3
    return sky, rows, begin_ms


def looks(sky: Sky, slots: np.ndarray, begin_ms: np.ndarray, steps: range) -> list:
    """Pictures of the aircraft, a second apart, each counted from its own turn."""
    cursor, times = Cursor(sky.fleet), np.full(len(sky.fleet.keys), START_MS)
    found = []
    for second in steps:
        times[slots] = begin_ms + second * 1000
        picture = cursor.at(times, 60_000)
        found.append((picture, np.searchsorted(picture.slot, slots)))
    return found


def test_the_diverted_turn_no_faster_than_airliners(turned: tuple) -> None:
    """From the way to the destination to the way to the alternate the course changes slowly."""
    sky, slots, begin_ms = turned
    seen = looks(sky, slots, begin_ms, range(-10, 200, 10))
    course = np.array([picture.heading[rows] for picture, rows in seen])
    turn = np.abs((np.diff(course, axis=0) + 180) % 360 - 180)
    # The wind may make a flight half as fast again in its turn; courses jitter by 0.3 degrees.
    assert turn.max() <= RATE_DEG_S * 1.5 * 10 + 0.7
    assert turn[-1].max() < 1.0
    assert turn.sum(axis=0).max() > 15


def test_the_diverted_turn_level_and_at_an_even_speed(turned: tuple) -> None:
    """In the turn nobody jumps, climbs or changes its speed but by what the wind does."""
    sky, slots, begin_ms = turned
    seen = looks(sky, slots, begin_ms, range(60))
    for (before, a), (after, b) in pairwise(seen):
        knots = (before.ground_speed[a] + after.ground_speed[b]) / 2
        np.testing.assert_allclose(covered_nm(before, a, after, b) * 3600, knots, atol=8)
        assert np.abs(after.ground_speed[b] - before.ground_speed[a]).max() < 10
        assert (after.phase[b] == PHASES.index("CRUISE")).all()
        assert (after.vertical_speed[b] == 0).all()


def test_a_flight_is_diverted_from_the_beginning_of_its_turn(turned: tuple) -> None:
    """The status changes with the turn, and the flight keeps its id through it."""
    sky, slots, begin_ms = turned
    (before, a), (after, b) = looks(sky, slots, begin_ms, range(-1, 1))
    assert (before.status[a] != STATUSES.index("DIVERTED")).all()
    assert (after.status[b] == STATUSES.index("DIVERTED")).all()
    for old, new in zip(before.labels[a], after.labels[b], strict=True):
        assert old.flight_id == new.flight_id


@pytest.mark.parametrize("preset", PRESETS)
def test_arcs_lead_to_the_alternate(preset: str) -> None:
    """Wherever a leg turns away, its arc ends on course to the alternate, the shorter way round."""
    lines = Sky(5, preset).fleet.network
    draw = np.random.default_rng(5)
    subfleet = lines.subfleet(draw.random(500))
    a = lines.home(subfleet, draw.random(500))
    b = lines.onward(subfleet, a, draw.random(500))
    keys = draw.integers(0, 2**63, 500).astype(np.uint64)
    flown = away(lines, subfleet, (a, b), keys, np.full(500, START_MS))
    turns, far = flown.turns, flown.paths.length_nm > 60
    ahead = turns.tangent * np.cos(turns.angle) - turns.start * np.sin(turns.angle)
    np.testing.assert_allclose((ahead * flown.paths.tangent).sum(axis=0)[far], 1.0, atol=1e-9)
    assert (turns.angle[far] < np.pi + 0.5).all()
    assert (flown.turn_ms[far] < 1000 * 210 / RATE_DEG_S).all()
