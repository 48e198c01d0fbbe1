"""Questions answered from rows at hand: the same rows that Trino gives to the same question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from flightlib.lake.chosen import Chosen, Rows, chosen, moments
from flightlib.lake.questions import Question, Window
from flightlib.lake.recent import Array, Recent
from flightlib.lake.statements import BUSIEST, shape_of

MINUTE_US = 60_000_000
ROOM = 1 << 16


def tally(question: Question, window: Window, recent: Recent) -> Rows:
    """Answer a question from rows that cover its window."""
    return _WAYS[question.topic, question.by](question, chosen(question, window, recent))


def _flights(question: Question, rows: Chosen) -> Rows:
    rows = rows.newest(question.limit)
    at = rows["timestamp"]
    first = int(np.searchsorted(at, at[-question.limit])) if len(at) > question.limit else 0
    ids = np.array(rows.names["flight_id"].told(rows["flight_id"][first:]), dtype=str)
    order = np.lexsort((rows["processed_time"][first:], ids, -at[first:]))
    columns = tuple(column.name for column in shape_of(question).columns)
    return rows.at(order[: question.limit] + first, columns)


def _track(question: Question, rows: Chosen) -> Rows:
    order = np.lexsort((rows["processed_time"], rows["timestamp"]))[-question.limit :]
    return rows.at(order, tuple(column.name for column in shape_of(question).columns))


def _positions(question: Question, rows: Chosen) -> Rows:
    flights = rows["flight_id"]
    newest = _last(flights, np.arange(len(flights)), len(rows.names["flight_id"]))
    seen = np.flatnonzero(newest >= 0)
    others = np.ones(len(flights), bool)
    others[newest[seen]] = False
    before = _last(flights, np.flatnonzero(others), len(newest))
    before = np.where(before >= 0, before, newest)[seen]
    known = ("flight_id", "timestamp", "latitude", "longitude", "altitude", "status", "region")
    places = zip(
        rows.at(newest[seen], known), rows.at(before, ("latitude", "longitude")), strict=True
    )
    return sorted(now + earlier for now, earlier in places)[: question.limit]


def _last(flights: Array, rows: Array, size: int) -> Array:
    """Give the last of these rows for each flight, -1 where there is none."""
    last = np.full(size, -1)
    last[flights[rows]] = rows  # of equal indices the last one holds
    return last


class Groups:
    """Rows told apart by a number from 0 up to `size`: what each group counts."""

    def __init__(self, rows: Chosen, groups: Array, size: int) -> None:
        self._rows, self._groups, self._size = rows, groups, size
        self.reports = np.bincount(groups, minlength=size)
        self.flights = self._different(slice(None))
        self.there = np.flatnonzero(self.reports)

    def of(self, status: str) -> Array:
        """Count the different flights that had a status."""
        number = self._rows.names["status"].known([status])
        return self._different(np.isin(self._rows["status"], number))

    def mean_altitude(self) -> Array:
        """Give the mean altitude of the reports of those groups that are there."""
        feet = np.bincount(self._groups, self._rows["altitude"], self._size)
        return feet[self.there] / self.reports[self.there]

    def _different(self, rows: Any) -> Array:
        many = len(self._rows.names["flight_id"])
        keys = self._groups[rows] * many + self._rows["flight_id"][rows]
        return np.bincount(_once(keys, self._size * many) // max(many, 1), minlength=self._size)

    def delays(self) -> list[list[Any]]:
        """Give flights, delayed, cancelled, diverted, and the share of the delayed."""
        counted = [self.flights, *map(self.of, ("DELAYED", "CANCELLED", "DIVERTED"))]
        told = [count[self.there] for count in counted]
        return [column.tolist() for column in (*told, told[1] / told[0])]


def _once(keys: Array, size: int) -> Array:
    """Give each key that occurs once, in order; a table of them all where that is not too large."""
    if size > ROOM + 8 * len(keys):
        return np.unique(keys)
    seen = np.zeros(size, bool)
    seen[keys] = True
    return np.flatnonzero(seen)


def _by_region(rows: Chosen) -> tuple[Groups, list[str]]:
    names = rows.names["region"]
    groups = Groups(rows, rows["region"].astype(np.int64), len(names))
    return groups, names.told(groups.there)


def _by_minute(rows: Chosen) -> tuple[Groups, list[Any]]:
    minutes, first, many = _minutes_of(rows)
    groups = Groups(rows, minutes, many)
    return groups, moments((groups.there + first) * MINUTE_US)


def _minutes_of(rows: Chosen) -> tuple[Array, int, int]:
    """Give each row's minute counted from the first, that first one, and how many there are."""
    at = rows["timestamp"]
    if not len(at):
        return at, 0, 0
    first, last = int(at[0] // MINUTE_US), int(at[-1] // MINUTE_US)
    return at // MINUTE_US - first, first, last - first + 1


def _regions(question: Question, rows: Chosen) -> Rows:
    groups, names = _by_region(rows)
    counts = (groups.reports, groups.flights, groups.of("DELAYED"))
    columns = [count[groups.there].tolist() for count in counts]
    told = zip(names, *columns, groups.mean_altitude().tolist(), strict=True)
    return sorted(told, key=lambda row: (-row[2], row[0]))[: question.limit]


def _delays_by_region(question: Question, rows: Chosen) -> Rows:
    groups, names = _by_region(rows)
    told = zip(names, *groups.delays(), strict=True)
    return sorted(told, key=lambda row: (-row[1], row[0]))[: question.limit]


def _delays_by_minute(question: Question, rows: Chosen) -> Rows:
    groups, minutes = _by_minute(rows)
    return list(zip(minutes, *groups.delays(), strict=True))[-question.limit :]


def _minutes(question: Question, rows: Chosen) -> Rows:
    groups, minutes = _by_minute(rows)
    columns = [count[groups.there].tolist() for count in (groups.reports, groups.flights)]
    told = zip(minutes, *columns, groups.mean_altitude().tolist(), strict=True)
    return list(told)[-question.limit :]


def _minutes_by_region(question: Question, rows: Chosen) -> Rows:
    names, (minutes, first, many) = rows.names["region"], _minutes_of(rows)
    groups = Groups(rows, minutes * len(names) + rows["region"], many * len(names))
    totals = groups.reports.reshape(-1, max(len(names), 1)).sum(axis=0).tolist()
    busiest = sorted(range(len(names)), key=lambda n: (-totals[n], names.words[n]))[:BUSIEST]
    minute, region = np.divmod(groups.there, max(len(names), 1))
    told = zip(
        moments((minute + first) * MINUTE_US),
        names.told(region),
        groups.reports[groups.there].tolist(),
        groups.flights[groups.there].tolist(),
        groups.mean_altitude().tolist(),
        strict=True,
    )
    kept = [row for row, one in zip(told, region.tolist(), strict=True) if one in busiest]
    newest = sorted(sorted(kept, key=lambda row: row[1]), key=lambda row: row[0], reverse=True)
    return sorted(newest[: question.limit], key=lambda row: row[:2])


def _density(question: Question, rows: Chosen) -> Rows:
    x = np.floor(rows["longitude"] / question.cell).astype(np.int64)
    y = np.floor(rows["latitude"] / question.cell).astype(np.int64)
    if not len(x):
        return []
    west, south, high = int(x.min()), int(y.min()), int(y.max() - y.min()) + 1
    cells = (x - west) * high + (y - south)
    groups = Groups(rows, cells, (int(x.max()) - west + 1) * high)
    column, row = np.divmod(groups.there, high)
    flights = groups.flights[groups.there]
    order = np.lexsort((row, column, -flights))[: question.limit]
    edges = (_round((column + west) * question.cell), _round((row + south) * question.cell))
    return list(zip(*(values[order].tolist() for values in (*edges, flights)), strict=True))


def _round(values: Array) -> Array:
    """Round to six decimals as Trino does: halves away from zero."""
    return np.copysign(np.floor(np.abs(values) * 1e6 + 0.5) / 1e6, values)


_WAYS: Mapping[tuple[str, str], Callable[[Question, Chosen], Rows]] = MappingProxyType(
    {
        ("flights", ""): _flights,
        ("regions", ""): _regions,
        ("delays", "minute"): _delays_by_minute,
        ("delays", "region"): _delays_by_region,
        ("minutes", ""): _minutes,
        ("minutes", "region"): _minutes_by_region,
        ("density", ""): _density,
        ("track", ""): _track,
        ("positions", ""): _positions,
    }
)
