"""Questions answered from rows at hand, held against answers counted row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.lake import Question, Recent, Snapshot, Window, shape_of, tally
from flightlib.lake.recent import TYPES, WHOLE, columns_of, new_names

BEGIN = datetime(2026, 1, 31, 12, 0)
SNAPSHOT = Snapshot(1, 1, "append", 1, 1, 1, None)
Row = dict[str, Any]

rows_of_flights = st.lists(
    st.fixed_dictionaries(
        {
            "flight_id": st.sampled_from(["AAL1", "UAL2", "DAL3", "SWA4"]),
            "latitude": st.sampled_from([-33.5, -0.25, 40.5, 41.75]),
            "longitude": st.sampled_from([-179.9, -74.5, 0.0, 151.2]),
            "altitude": st.integers(0, 40).map(lambda n: n * 1000),
            "status": st.sampled_from(["ON_TIME", "DELAYED", "CANCELLED", "DIVERTED"]),
            "region": st.sampled_from([f"{n}_-{n}" for n in range(9)]),
            "flight_count": st.integers(1, 9),
            "avg_altitude": st.floats(0, 45_000),
        }
    ),
    max_size=40,
)


def stamped(drawn: list[Row], seconds: list[int]) -> list[Row]:
    """Give each row a time of its own, and one at which it was processed."""
    steps = zip(drawn, seconds, range(len(drawn)), strict=False)
    return [
        {
            **row,
            "timestamp": BEGIN + timedelta(seconds=second, milliseconds=number),
            "processed_time": BEGIN + timedelta(hours=1, milliseconds=-number),
        }
        for row, second, number in steps
    ]


def at_hand(rows: Iterable[Row]) -> Recent:
    """Hold rows, given as Trino sends them, in three blocks."""
    names = new_names()
    sent = [[_sent(row[name]) for name in TYPES] for row in rows]
    whole = columns_of(sent, names)
    cut = len(sent) // 3
    parts = (slice(None, cut), slice(cut, 2 * cut), slice(2 * cut, None))
    blocks = tuple({n: column[part] for n, column in whole.items()} for part in parts)
    return Recent(SNAPSHOT, WHOLE, blocks, names)


def _sent(value: Any) -> Any:
    return value.isoformat(" ") if isinstance(value, datetime) else value


def chosen(question: Question, window: Window, rows: Iterable[Row]) -> list[Row]:
    """Pick the rows that a question is about, one by one."""
    low, high = question.min_altitude, question.max_altitude
    return [
        row
        for row in rows
        if window.since <= row["timestamp"] < window.until
        and question.flight_id in ("", row["flight_id"])
        and (not question.status or row["status"] in question.status)
        and (not question.region or row["region"] in question.region)
        and (low is None or row["altitude"] >= low)
        and (high is None or row["altitude"] <= high)
    ]


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Put rows together by a key."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def minute(row: Row) -> datetime:
    """Tell the minute of a row."""
    at: datetime = row["timestamp"]
    return at.replace(second=0, microsecond=0)


def flights(rows: Iterable[Row], status: str = "") -> int:
    """Count different flights, or those that had a status."""
    return len({row["flight_id"] for row in rows if status in ("", row["status"])})


def mean(rows: list[Row]) -> float:
    """Tell the mean altitude."""
    return sum(row["altitude"] for row in rows) / len(rows)


def delays(rows: list[Row]) -> tuple[Any, ...]:
    """Count flights by what became of them."""
    counts = [flights(rows, status) for status in ("", "DELAYED", "CANCELLED", "DIVERTED")]
    return (*counts, counts[1] / counts[0])


def counted(question: Question, rows: list[Row]) -> list[tuple[Any, ...]]:
    """Answer a question row by row, as its SQL says."""
    names = [column.name for column in shape_of(question).columns]
    limit, topic = question.limit, (question.topic, question.by)
    if topic[0] == "flights":
        best = sorted(rows, key=lambda r: (BEGIN - r["timestamp"], r["flight_id"]))[:limit]
        return [tuple(row[name] for name in names) for row in best]
    if topic[0] == "track":
        newest = sorted(rows, key=lambda r: r["timestamp"])[-limit:]
        return [tuple(row[name] for name in names) for row in newest]
    if topic[0] == "positions":
        by_flight = grouped(sorted(rows, key=lambda r: r["timestamp"]), lambda r: r["flight_id"])
        told = [
            (*(own[-1][n] for n in names[:7]), own[-2:][0]["latitude"], own[-2:][0]["longitude"])
            for _, own in sorted(by_flight.items())
        ]
        return told[:limit]
    return counted_in_groups(question, rows)


def counted_in_groups(question: Question, rows: list[Row]) -> list[tuple[Any, ...]]:
    """Answer those questions that count."""
    limit, regions, minutes = (
        question.limit,
        grouped(rows, lambda r: r["region"]),
        grouped(rows, minute),
    )
    by_size = sorted(regions.items(), key=lambda told: (-flights(told[1]), told[0]))[:limit]
    newest = sorted(minutes.items())[-limit:]
    if question.topic == "regions":
        return [(n, len(g), flights(g), flights(g, "DELAYED"), mean(g)) for n, g in by_size]
    if question.topic == "delays":
        return [(n, *delays(g)) for n, g in (by_size if question.by == "region" else newest)]
    if question.topic == "minutes" and not question.by:
        return [(n, len(g), flights(g), mean(g)) for n, g in newest]
    if question.topic == "minutes":
        busiest = sorted(regions, key=lambda name: (-len(regions[name]), name))[:6]
        both = grouped(
            (r for r in rows if r["region"] in busiest), lambda r: (minute(r), r["region"])
        )
        last = sorted(sorted(both, key=lambda k: k[1]), key=lambda k: k[0], reverse=True)[:limit]
        return [(*k, len(both[k]), flights(both[k]), mean(both[k])) for k in sorted(last)]
    cell = question.cell
    cells = grouped(rows, lambda r: (r["longitude"] // cell * cell, r["latitude"] // cell * cell))
    told = [(*place, flights(own)) for place, own in cells.items()]
    return sorted(told, key=lambda row: (-row[2], row[0], row[1]))[:limit]


QUESTIONS = [
    Question("flights"),
    Question("flights", limit=3, status=("DELAYED", "DIVERTED")),
    Question("flights", region=("1_-1", "3_-3", "nowhere"), max_altitude=30_000),
    Question("regions"),
    Question("regions", limit=2, min_altitude=10_000),
    Question("delays", by="minute", limit=2),
    Question("delays", by="region"),
    Question("minutes"),
    Question("minutes", by="region", limit=7),
    Question("density", cell=0.5),
    Question("density", cell=10.0, limit=2, status=("ON_TIME",)),
    Question("track", flight_id="UAL2"),
    Question("track", flight_id="DAL3", limit=2),
    Question("track", flight_id="nobody"),
    Question("positions"),
    Question("positions", limit=2, min_altitude=5000),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: f"{q.topic}-{q.by}")
@given(drawn=rows_of_flights, seconds=st.lists(st.integers(0, 400), min_size=40, max_size=40))
@settings(max_examples=40, deadline=None)
def test_rows_at_hand_answer_like_counting_row_by_row(
    question: Question, drawn: list[Row], seconds: list[int]
) -> None:
    """Each question gets, from columns, the rows that plain counting gives, in the same order."""
    rows = stamped(drawn, seconds)
    window = Window(SNAPSHOT, BEGIN + timedelta(seconds=30), BEGIN + timedelta(seconds=330))
    expected = counted(question, chosen(question, window, rows))
    assert tally(question, window, at_hand(rows)) == expected


def test_an_answer_has_the_types_that_trino_gives() -> None:
    """Numbers, texts and moments are plain Python, so that every format can write them."""
    rows = stamped([{**plain(), "flight_id": "AAL1"}], [40])
    window = Window(SNAPSHOT, BEGIN, BEGIN + timedelta(minutes=5))
    kinds = {"text": str, "whole": int, "real": float, "time": datetime}
    for question in QUESTIONS:
        for row in tally(question, window, at_hand(rows)):
            told = zip(shape_of(question).columns, row, strict=True)
            assert all(type(value) is kinds[column.kind] for column, value in told)


def plain() -> Row:
    """A row like any other."""
    return {
        "flight_id": "UAL2",
        "latitude": 40.5,
        "longitude": -74.5,
        "altitude": 31_000,
        "status": "ON_TIME",
        "region": "1_-1",
        "flight_count": 1,
        "avg_altitude": 31_000.0,
    }
