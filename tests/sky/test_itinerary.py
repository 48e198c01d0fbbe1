"""Three days of an aircraft: home to home, with time on every stand, whatever goes wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from flightlib.sky import PRESETS
from flightlib.sky.hashing import mix, root, split, uniform
from flightlib.sky.hops import (
    AWAY,
    CANCELLED,
    NORMAL,
    ONWARD,
    TURNED,
    Hops,
    hops,
)
from flightlib.sky.itinerary import BLOCK_MS, MINUTE_MS, MOST_LEGS, Walk, walk
from flightlib.sky.network import Network, network

COUNT = 4000


@dataclass
class Blocks:
    network: Network
    home: np.ndarray
    walk: Walk
    hops: Hops
    long: np.ndarray


@pytest.fixture(scope="module", params=PRESETS)
def blocks(request: pytest.FixtureRequest) -> Blocks:
    lines = network(request.param)
    keys = split(root(5), np.arange(COUNT))
    subfleet = lines.subfleet(uniform(keys, 0))
    home = lines.home(subfleet, uniform(keys, 1))
    keys = mix(keys, 9)
    start_ms = np.arange(COUNT) * 3_600_000
    legs = walk(lines, subfleet, home, keys, start_ms)
    table = hops(lines, subfleet, keys, legs, start_ms)
    return Blocks(lines, home, legs, table, lines.long[subfleet])


def flown(table: Hops, row: int) -> np.ndarray:
    """The columns of the hops of one row that are flown."""
    return np.flatnonzero((table.begin[row] < BLOCK_MS) & (table.kind[row] != CANCELLED))


def test_walks_chain_and_end_at_home(blocks: Blocks) -> None:
    """Each leg starts where the one before ended; the first and the last are at home."""
    legs = blocks.walk
    rows = np.arange(COUNT)
    flies = legs.count > 0
    np.testing.assert_array_equal(legs.origin[flies, 0], blocks.home[flies])
    last = legs.destination[rows, legs.count - 1]
    np.testing.assert_array_equal(last[flies], blocks.home[flies])
    follows = np.arange(1, MOST_LEGS) < legs.count[:, None]
    assert (legs.origin[:, 1:] == legs.destination[:, :-1])[follows].all()


def test_walks_fill_their_blocks(blocks: Blocks) -> None:
    """Nobody sits at home for most of a block, and nobody is late for its end."""
    legs = blocks.walk
    rows, last = np.arange(COUNT), legs.count - 1
    end_h = (legs.off_ms + legs.air_ms)[rows, last] / 3_600_000
    # Long flights wait for their hour, and a few aircraft for the next block.
    short = ~blocks.long
    assert (legs.count == 0).mean() < 0.02
    assert (legs.count[short] >= 2).all()
    assert not short.any() or np.median(end_h[short]) > 65
    assert end_h.max() < 72


def test_schedules_leave_time_on_the_stand(blocks: Blocks) -> None:
    """By day a schedule has about an hour and a half at most from touchdown to lift-off."""
    legs = blocks.walk
    follows = np.arange(1, MOST_LEGS) < legs.count[:, None]
    gap = (legs.off_ms[:, 1:] - (legs.off_ms + legs.air_ms)[:, :-1])[follows] / MINUTE_MS
    assert gap.min() > 45
    long = np.broadcast_to(blocks.long[:, None], follows.shape)[follows]
    by_day = gap[(gap < 150) & ~long]
    if len(by_day):
        assert np.quantile(by_day, [0.05, 0.9]) == pytest.approx([66, 107], abs=10)
    assert (gap[long] > 85).all()


def test_aircraft_rest_at_night(blocks: Blocks) -> None:
    """Between one and four few flights leave where they are; by day as many in every hour."""
    legs, lines = blocks.walk, blocks.network
    real = (np.arange(MOST_LEGS) < legs.count[:, None]) & ~blocks.long[:, None]
    if not real.any():
        return
    utc_h = np.arange(COUNT)[:, None] + legs.off_ms / 3_600_000
    hour = ((utc_h + lines.utc_offset_h[legs.origin]) % 24)[real]
    counts = np.histogram(hour, np.arange(25))[0] / len(hour)
    assert counts[1:4].sum() < 0.01
    assert counts[7:20] == pytest.approx(0.0605, abs=0.012)


def test_what_happens_keeps_the_order(blocks: Blocks) -> None:
    """An aircraft leaves where it landed, 25 minutes on the stand later or more."""
    table = blocks.hops
    for row in range(COUNT):
        columns = flown(table, row)
        before, after = columns[:-1], columns[1:]
        gap = table.begin[row, after] - table.on[row, before]
        turned = table.kind[row, after] == AWAY
        assert (gap[~turned] >= 25 * MINUTE_MS).all()
        assert (gap[turned] == 0).all()
        whole = table.kind[row, after] <= TURNED
        starts, ends = table.origin[row, after], table.destination[row, before]
        assert (starts[whole] == ends[whole]).all()


def test_hops_end_in_order_and_inside_their_block(blocks: Blocks) -> None:
    """Hops follow each other in time and the last is over before the block is."""
    until = blocks.hops.until
    assert (np.diff(until, axis=1) >= 0).all()
    assert until.min() > 0
    assert until.max() == BLOCK_MS
    real = blocks.hops.begin < BLOCK_MS
    assert (until[real] < BLOCK_MS).all()


def test_cancelled_legs_come_in_pairs(blocks: Blocks) -> None:
    """A cancelled leg out takes its way back along: the aircraft stays where the next starts."""
    legs, table = blocks.walk, blocks.hops
    cancelled = 0
    for row in np.flatnonzero((table.kind == CANCELLED).any(axis=1)):
        numbers = table.leg[row, table.kind[row] == CANCELLED]
        assert len(numbers) % 2 == 0
        for out, back in zip(numbers[::2], numbers[1::2], strict=True):
            assert back == out + 1
            assert legs.origin[row, out] == legs.destination[row, back]
        cancelled += len(numbers)
    assert cancelled / legs.count.sum() == pytest.approx(0.014, abs=0.004)


def test_diverted_legs_become_three_hops(blocks: Blocks) -> None:
    """Turned, away and onward share a leg, and 0.2 to 0.35 % of the legs divert."""
    table = blocks.hops
    rows, columns = np.nonzero(table.kind == TURNED)
    for name, shift in ((AWAY, 1), (ONWARD, 2)):
        assert (table.kind[rows, columns + shift] == name).all()
        assert (table.leg[rows, columns + shift] == table.leg[rows, columns]).all()
    assert 0.0015 < len(rows) / blocks.walk.count.sum() < 0.0045
    lines = blocks.network
    target = table.destination[rows, columns]
    assert (lines.alternate[target] != target).all()
    assert (lines.alternate[target] != table.origin[rows, columns]).all()


def test_delays_look_like_the_published_ones(blocks: Blocks) -> None:
    """About 80 % arrive less than 15 minutes late; quantiles are near those of US statistics."""
    table = blocks.hops
    real = (table.begin < BLOCK_MS) & (table.kind == NORMAL)
    late_min = (table.on - table.scheduled_on)[real] / MINUTE_MS
    assert (late_min < 15).mean() == pytest.approx(0.79, abs=0.05)
    found = np.quantile(late_min, [0.05, 0.25, 0.5, 0.75, 0.9, 0.99])
    assert (np.abs(found - [-20, -9, -1, 11, 35, 139]) <= [6, 5, 4, 5, 10, 40]).all()


def test_delays_grow_over_the_local_day(blocks: Blocks) -> None:
    """Evening arrivals are later than morning ones: delays are inherited."""
    table, lines = blocks.hops, blocks.network
    real = (table.begin < BLOCK_MS) & (table.kind == NORMAL)
    late_min = (table.on - table.scheduled_on)[real] / MINUTE_MS
    utc_h = (np.arange(COUNT)[:, None] * 3_600_000 + table.on) / 3_600_000
    hour = ((utc_h + lines.utc_offset_h[table.destination]) % 24)[real]
    morning, evening = late_min[(hour > 6) & (hour < 11)], late_min[(hour > 18) & (hour < 23)]
    assert evening.mean() > morning.mean() + 4
