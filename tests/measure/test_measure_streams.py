"""What is made of what load clients noted: events, arrivals, stages, counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamed import ANSWER, STREAM, T, chunked, event, flight

from flightlib.backend.filters import Filter
from flightlib.measure import stages
from flightlib.measure.crowd import Event, Receipts, parsed
from flightlib.measure.looks import Look


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_what_was_kept_is_read_to_its_last_whole_event(cut: int) -> None:
    """Chunks are put together, comments passed over, and what had no end is left out."""
    raw = ANSWER + chunked(*STREAM, event("update", 9))
    events = list(parsed(raw[: len(raw) - cut] if cut else raw))
    seqs = [one.data.get("seq") for one in events]
    assert seqs == [None, 3, 5, 6] + ([9] if cut < 3 else [])
    assert [one.name for one in events[:3]] == ["state", "snapshot", "update"]


def receipts(rows: list[tuple[int, int, float]], clients: int, kept: Any = None) -> Receipts:
    """Notes of (client, seq, at_s)."""
    told = pd.DataFrame(rows, columns=["client", "seq", "at_s"])
    told = told.assign(update=1, sent_ms=T + told.seq)
    return Receipts(told, clients, frozenset(), kept or {})


def test_who_missed_a_frame_knows_of_it_with_the_next_event() -> None:
    """A frame that was passed over is as old as the event that came instead; else it is nan."""
    noted = receipts([(0, 5, 1.0), (0, 8, 2.0), (2, 7, 3.0), (2, 9, 4.0)], clients=3)
    arrived = noted.arrivals([5, 7, 9])
    expected = [[1.0, 2.0, np.nan], [np.nan] * 3, [3.0, 3.0, 4.0]]
    np.testing.assert_array_equal(arrived, expected)
    assert np.isnan(receipts([], clients=2).arrivals([1])).all()


SEEN = [
    Event("state", {"kafka": "up"}),
    Event("snapshot", {"seq": 3, "sent_ms": T, "flights": [flight("A", T - 9)], "gone": []}),
    Event("update", {"seq": 5, "sent_ms": T + 200, "flights": [flight("A", T)], "gone": []}),
    Event(
        "snapshot",
        {"seq": 9, "sent_ms": T + 400, "flights": [flight("A", T), flight("B", T + 100)]},
    ),
    Event("update", {"seq": 10, "sent_ms": T + 500, "flights": [], "gone": ["A"]}),
]


def test_a_report_is_shown_with_the_first_event_that_has_it() -> None:
    """Later events that show it again do not count, nor does what was there at the beginning."""
    rows = list(stages.shown(SEEN).itertuples(index=False, name=None))
    assert rows == [("A", T, 5, T + 200), ("B", T + 100, 9, T + 400)]


def test_a_picture_is_what_the_events_make_of_it() -> None:
    """A snapshot begins anew, an update adds, what is gone is gone."""
    assert list(stages.final(SEEN)) == ["B"]


def looked(tmp_path: Path, **topics: list[tuple[str, int, int, float]]) -> Look:
    """A look at two clients, of which the first kept all."""
    kept = tmp_path / "0.sse"
    snapshot, update = event("snapshot", 3, flight("A", T - 9)), event("update", 500, A, B)
    kept.write_bytes(ANSWER + chunked(snapshot, update))
    columns = ["flight_id", "event_ms", "written_ms", "came_s"]
    reports = {name: pd.DataFrame(rows, columns=columns) for name, rows in topics.items()}
    s = T / 1000
    noted = receipts([(0, 3, s), (0, 500, s + 0.6), (1, 3, s), (1, 600, s + 0.9)], 2, {0: kept})
    return Look(reports, {"A": REPORT_A, "B": REPORT_B}, noted, T, T + 1000)


A, B = flight("A", T + 100), flight("B", T + 200)
WHERE = {"latitude": 41.0, "longitude": -74.0, "status": "ON_TIME"}
REPORT_A, REPORT_B = ({**one, **WHERE} for one in (A, B))
WRITTEN = [("A", T + 100, T + 110, T / 1000 + 0.15), ("B", T + 200, T + 230, T / 1000 + 0.28)]


def test_the_stages_of_a_way_add_up(tmp_path: Path) -> None:
    """For a report and a client the stages are its whole latency, with and without Flink."""
    direct = stages.latencies(looked(tmp_path, flights=WRITTEN), 0, [0, 1])
    assert direct["publisher"] == pytest.approx([0.01, 0.03], abs=1e-6)
    assert direct["Kafka"] == pytest.approx([0.04, 0.05], abs=1e-6)
    assert direct["frame"] == pytest.approx([0.35, 0.22], abs=1e-6)
    assert direct["client"] == pytest.approx([0.1, 0.4], abs=1e-6)
    assert sorted(direct["total"]) == pytest.approx([0.4, 0.5, 0.7, 0.8], abs=1e-6)
    later = [(i, e, w + 40, c + 0.1) for i, e, w, c in WRITTEN]
    through = stages.latencies(looked(tmp_path, flights=WRITTEN, processed_flights=later), 0, [0])
    assert through["Flink"] == pytest.approx([0.04, 0.04], abs=1e-6)
    assert sum(float(np.sum(v)) for k, v in through.items() if k not in ("client", "total")) + (
        2 * float(through["client"][0])
    ) == pytest.approx(float(through["total"].sum()), abs=1e-6)


def test_counts_find_who_is_behind_and_what_is_wrong(tmp_path: Path) -> None:
    """All agree when all is well; a client behind, a lost and a stray flight each show."""
    seen = looked(tmp_path, flights=WRITTEN)
    fine = stages.counted(seen, {0: (Filter(), [0, 1])})
    assert all(expected == found for expected, found in fine.values())
    assert fine["flights in the last picture"] == (2, 2)
    behind = stages.counted(seen, {0: (Filter(), [0, 1, 2])})
    assert behind["clients up to date"] == (3, 2)
    seen.newest["B"]["timestamp"] += 1
    assert stages.counted(seen, {0: (Filter(), [0])})["flights in the last picture"] == (2, 1)
    strict = stages.counted(seen, {0: (Filter(min_altitude=31_000), [0])})
    assert strict["flights nobody asked for"] == (0, 3)


def test_thinned_samples_keep_their_percentiles() -> None:
    """Fewer values, the same lowest, highest and middle; what is nan is not among them."""
    values = np.random.default_rng(7).permutation(np.r_[np.arange(100_001.0), np.nan])
    few = stages.thinned(values, 101)
    assert list(few) == list(np.arange(0, 100_001.0, 1000))
    assert len(stages.thinned(values[:50], 101)) in (49, 50)


def test_samples_of_several_streams_are_one_table() -> None:
    """Each stage's samples stand together, with what is told of them."""
    one, two = {"total": np.array([1.0])}, {"total": np.array([2.0]), "frame": np.array([0.5])}
    table = stages.as_frame(stages.joined([one, two]), clients=3)
    assert list(table.columns) == ["stage", "latency_s", "clients"]
    assert sorted(zip(table.stage, table.latency_s, strict=True)) == [
        ("frame", 0.5),
        ("total", 1.0),
        ("total", 2.0),
    ]
