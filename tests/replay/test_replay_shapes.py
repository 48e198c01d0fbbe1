"""Recordings of others: known by their columns, units turned, bad rows counted, never fatal."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded import (
    BEGIN_MS,
    a_sky,
    address,
    as_rest,
    as_states,
    as_trace,
    as_traffic,
    grounded,
    seen,
)

from flightlib.errors import RecordingError
from flightlib.records import FlightReport, encode
from flightlib.replay import Replay

SKY = a_sky(flights=12, seconds=20)
SEEN = list(seen(SKY))
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
COARSE_MS = 1000  # OpenSky's times are whole seconds


def played(path: Path) -> list[FlightReport]:
    """All reports of a recording, with the times they were recorded at."""
    replay = Replay(path)
    reports = list(Replay(path, start_ms=replay.recording.first_ms))
    for report in reports:
        encode(report, 1)
    return reports


def traffic_parquet(folder: Path) -> Path:
    """A Parquet file of the traffic library."""
    as_traffic(SKY).to_parquet(folder / "sky.parquet")
    return folder / "sky.parquet"


def traffic_csv(folder: Path) -> Path:
    """The same as CSV, one flight after the other."""
    as_traffic(SKY).sort_values(["icao24", "timestamp"]).to_csv(folder / "sky.csv", index=False)
    return folder / "sky.csv"


def states_csv(folder: Path) -> Path:
    """An hour's file of OpenSky, zipped."""
    (folder / "states.csv.gz").write_bytes(
        gzip.compress(as_states(SKY).to_csv(index=False).encode())
    )
    return folder / "states.csv.gz"


def states_parquet(folder: Path) -> Path:
    """The same as Parquet."""
    as_states(SKY).to_parquet(folder / "states.parquet")
    return folder / "states.parquet"


def rest_json(folder: Path) -> Path:
    """An answer of the REST API."""
    (folder / "states.json").write_text(json.dumps(as_rest(SKY)))
    return folder / "states.json"


def rest_lines(folder: Path) -> Path:
    """Several answers, one a line."""
    parts = (SKY[n::3] for n in range(3))
    (folder / "states.jsonl").write_text("\n".join(json.dumps(as_rest(p)) for p in parts))
    return folder / "states.jsonl"


def traces(folder: Path) -> Path:
    """A folder of traces, one file an aircraft, some zipped."""
    inside = folder / "traces"
    inside.mkdir()
    by_aircraft: dict[str, list[FlightReport]] = {}
    for report in SEEN:
        by_aircraft.setdefault(address(report), []).append(report)
    for n, (name, own) in enumerate(by_aircraft.items()):
        (inside / f"trace_full_{name}.json").write_bytes(as_trace(own, zipped=n % 2 == 0))
    return inside


MAKERS = [
    (traffic_parquet, "traffic", 1),
    (traffic_csv, "traffic", 1),
    (states_csv, "OpenSky states", COARSE_MS),
    (states_parquet, "OpenSky states", COARSE_MS),
    (rest_json, "OpenSky REST", COARSE_MS),
    (rest_lines, "OpenSky REST", COARSE_MS),
    (traces, "readsb trace", 1),
]


@pytest.mark.parametrize(("make", "name", "coarse_ms"), MAKERS, ids=[m[0].__name__ for m in MAKERS])
def test_a_sky_comes_back_from_every_shape(
    tmp_path: Path, make: Callable[[Path], Path], name: str, coarse_ms: int
) -> None:
    """Every row is a report with the same figures in flightlib's units, in the order of time."""
    path = make(tmp_path)
    replay = Replay(path)
    assert (replay.recording.source, replay.skipped) == (name, {})
    found = played(path)
    assert [r.timestamp for r in found] == sorted(r.timestamp for r in found)
    assert len(found) == len(SEEN)

    def key(report: FlightReport) -> Any:
        return report.callsign, report.timestamp // coarse_ms, report.latitude, report.longitude

    for before, after in zip(sorted(SEEN, key=key), sorted(found, key=key), strict=True):
        assert (after.callsign, after.operator) == (before.callsign, before.operator)
        assert (after.latitude, after.longitude) == (before.latitude, before.longitude)
        assert abs(after.timestamp - before.timestamp) < coarse_ms
        if not grounded(before):
            assert after.altitude == before.altitude
        assert after.ground_speed == pytest.approx(before.ground_speed, abs=1e-6)
        assert after.heading == pytest.approx(before.heading)
        assert after.vertical_speed == pytest.approx(before.vertical_speed, abs=1e-6)
        assert (after.status, after.update_type) == ("ON_TIME", "A")
        if before.phase in ("TAXI", "CRUISE"):
            assert after.phase == before.phase
    assert len({r.flight_id for r in found}) == len({r.flight_id for r in SEEN})
    assert all(r.flight_id.startswith(f"{r.callsign}-1764") for r in found)


GOOD = {
    "time": BEGIN_MS // 1000,
    "icao24": "a1b2c3",
    "lat": "40.5",
    "lon": "-74.5",
    "velocity": "200",
    "heading": "90",
    "vertrate": "0",
    "callsign": "UAL12",
    "onground": "false",
    "baroaltitude": "10000",
    "geoaltitude": "",
}


def states(folder: Path, *changes: dict[str, Any]) -> Path:
    """A file of OpenSky with one row for every change of a good one."""
    pd.DataFrame([{**GOOD, **change} for change in changes]).to_csv(
        folder / "states.csv", index=False
    )
    return folder / "states.csv"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"time": ""}, "no time"),
        ({"time": "-5"}, "an impossible time"),
        ({"time": "1e30"}, "an impossible time"),
        ({"time": "when"}, "no time"),
        ({"lat": ""}, "no position"),
        ({"lon": "NaN"}, "no position"),
        ({"lat": "91"}, "an impossible position"),
        ({"lon": "inf"}, "an impossible position"),
        ({"lat": "north"}, "a word where a number belongs"),
        ({"velocity": "fast"}, "a word where a number belongs"),
        ({"icao24": "", "callsign": ""}, "no aircraft"),
        ({"velocity": "-1"}, "an impossible figure"),
        ({"velocity": "1e9"}, "an impossible figure"),
        ({"heading": "720"}, "an impossible figure"),
        ({"baroaltitude": "1e99"}, "an impossible figure"),
        ({"vertrate": "-9999"}, "an impossible figure"),
        ({name: name for name in GOOD}, "a word where a number belongs"),
    ],
)
def test_a_bad_row_is_counted_by_its_reason(
    tmp_path: Path, wrong: dict[str, str], reason: str
) -> None:
    """It costs one count, and the rows around it are played."""
    path = states(tmp_path, {}, wrong, {})
    replay = Replay(path)
    assert replay.skipped == {reason: 1}
    assert f"1 rows skipped: 1 {reason}" in replay._repr_html_()
    assert len(played(path)) == 2


def test_lines_and_points_of_another_form_are_counted(tmp_path: Path) -> None:
    """Broken lines of CSV, and points of a trace that are none, are passed over."""
    text = as_states(SKY).to_csv(index=False).splitlines()
    text[3] = "1,2,3"
    text[5] = "\udcff\udcfe,".join(text[5].split(",", 1))
    (tmp_path / "states.csv").write_bytes("\n".join(text).encode(errors="surrogateescape"))
    replay = Replay(tmp_path / "states.csv")
    assert replay.skipped == {"a wrong number of fields": 1, "no time": 1}
    trace = json.loads(as_trace(SEEN[:1]))
    point = trace["trace"][0]
    trace["trace"] += [None, [1.0], "x", ["soon", *point[1:]], [1.0, None, None, *point[3:]]]
    (tmp_path / "trace.json").write_text(json.dumps(trace))
    replay = Replay(tmp_path / "trace.json")
    assert replay.skipped == {
        "another shape": 3,
        "a word where a number belongs": 1,
        "no position": 1,
    }
    assert replay.recording.rows == 1


@pytest.mark.parametrize(
    ("gap_s", "second", "flights"),
    [
        (29 * 60, {}, 1),
        (31 * 60, {}, 2),
        (60, {"callsign": "UAL13"}, 2),
        (60, {"callsign": ""}, 1),
        (60, {"icao24": "b00000"}, 2),
    ],
)
def test_a_flight_ends_with_a_silence_or_a_new_callsign(
    tmp_path: Path, gap_s: int, second: dict[str, str], flights: int
) -> None:
    """Half an hour of silence, or another callsign, begins a new flight; a gap in it does not."""
    path = states(tmp_path, {}, {"time": GOOD["time"] + gap_s, **second})
    found = played(path)
    assert len({r.flight_id for r in found}) == flights
    assert found[0].flight_id == f"UAL12-{GOOD['time']}-replay"


def test_a_trace_may_mark_a_new_flight(tmp_path: Path) -> None:
    """A point with readsb's mark of a new leg begins one."""
    trace = json.loads(as_trace([r for r in SEEN if r.callsign == SEEN[0].callsign]))
    trace["trace"][5][6] = 3
    (tmp_path / "trace.json").write_text(json.dumps(trace))
    assert len({r.flight_id for r in played(tmp_path / "trace.json")}) == 2


def test_a_flight_id_that_is_given_is_kept(tmp_path: Path) -> None:
    """The traffic library's own flight_id names the flight."""
    frame = as_traffic(SKY).assign(flight_id=lambda f: f.callsign + "_001")
    frame.to_parquet(tmp_path / "sky.parquet")
    assert {r.flight_id for r in played(tmp_path / "sky.parquet")} == set(frame.flight_id)


def test_what_is_missing_is_filled_in_plainly(tmp_path: Path) -> None:
    """A figure that was not heard is the last known of that flight, else 0; phases follow."""
    nothing = dict.fromkeys(("velocity", "heading", "vertrate", "baroaltitude", "callsign"), "")
    at = GOOD["time"]
    path = states(
        tmp_path,
        {**nothing, "onground": "true"},
        {"time": at + 1, "vertrate": "10"},
        {"time": at + 2, **nothing},
        {"time": at + 3, "vertrate": "-10", "callsign": "N123AB"},
        {"time": at + 4, "onground": "True", "callsign": "N123AB"},
        {"time": at + 5, "baroaltitude": "", "geoaltitude": "3048", "icao24": "c0ffee"},
    )
    rows = played(path)
    assert [r.phase for r in rows] == ["TAXI", "CLIMB", "CRUISE", "DESCENT", "LANDED", "CRUISE"]
    assert [r.altitude_change for r in rows] == ["-", "C", "-", "D", "-", "-"]
    assert [r.altitude for r in rows[:3]] == [0, 32808, 32808]
    assert [r.heading for r in rows[:3]] == [0, 90, 90]
    assert [r.callsign for r in rows] == ["A1B2C3", "UAL12", "UAL12", "N123AB", "N123AB", "UAL12"]
    assert [r.operator for r in rows] == [None, "UAL", "UAL", None, None, "UAL"]
    assert rows[5].altitude == 10_000
    assert rows[1].vertical_speed == pytest.approx(10 / 0.3048 * 60)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """Markup, SQL and control characters in a file are never more than a name."""
    evil = "<img src=x onerror=alert(1)>\x1b[31m\n'; DROP TABLE flights; --"
    frame = as_traffic(SKY).assign(flight_id=evil, callsign=evil, registration=evil)
    frame.to_parquet(tmp_path / "<b>sky.parquet")
    replay = Replay(tmp_path / "<b>sky.parquet")
    assert "<b>" not in replay._repr_html_()
    for report in played(tmp_path / "<b>sky.parquet"):
        assert report.callsign.isprintable()
        assert len(report.flight_id) <= 64
        assert "<img" not in report._repr_html_()
    frame.rename(columns={"latitude": "\x1b[31m<b>\n"}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(RecordingError) as caught:
        Replay(tmp_path / "other.parquet")
    assert str(caught.value).isprintable()


REFUSED: list[tuple[str, bytes, str]] = [
    ("empty.csv", b"", r"'empty.csv' is empty"),
    ("blank.json", b"\n \n", r"is empty"),
    (
        "words.csv",
        b"a,b\n1,2\n",
        r"'words.csv' has 'a', 'b'\. A recording is a Parquet file of flight reports, or has "
        r"the columns of: .*traffic \(",
    ),
    ("other.json", b'{"aircraft": [], "now": 1}', r"has 'aircraft', 'now'.*readsb trace \(icao"),
    ("list.json", b"[1, 2]", r"holds nothing that can be played: 2 rows skipped: 2 another shape"),
    ("half.json", b'{"states": [', r"'half.json' cannot be read"),
    ("half.parquet", b"PAR1 and no more", r"'half.parquet' cannot be read"),
    ("half.csv.gz", gzip.compress(b"time,icao24\n")[:-9], r"cannot be read"),
    ("sky.pkl", b"\x80\x04\x95", r"'sky.pkl' is a pickle, which can run a program"),
    ("sky.pickle", b"anything", r"is a pickle"),
    ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0", r"is neither Parquet nor CSV nor JSON"),
    ("head.csv", b"time,icao24,lat,lon\n", r"\(OpenSky states\) holds nothing .* no rows"),
    ("bad.csv", b"time,icao24,lat,lon\n,a,,\n,b,,\n", r"2 rows skipped: 2 no time"),
    ("none.json", b'{"time": 1, "states": []}', r"holds nothing"),
    ("null.json", b'{"time": 1, "states": null}', r"\(OpenSky REST\) holds nothing .* no rows"),
    ("wrong.json", b'{"time": 1, "states": 5}', r"has 'time', 'states'"),
    ("errors.jsonl", b'{"error": "x"}\n{"other": 1}\n', r"'errors.jsonl' has 'error'\. A record"),
    ("latin.csv", b"caf\xe9,icao24\n1,2\n", r"'latin.csv' cannot be read"),
]


@pytest.mark.parametrize(("name", "content", "words"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_cannot_be_played_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    """The error names the file, what was found, and which shapes are known."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match=words) as caught:
        Replay(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file and an empty folder are said to be so."""
    with pytest.raises(RecordingError, match=r"no recording .*flightlib record"):
        Replay(tmp_path / "sky.parquet")
    with pytest.raises(RecordingError, match="has no files"):
        Replay(tmp_path)


def test_a_recording_that_was_filtered_elsewhere_is_still_one(tmp_path: Path) -> None:
    """Flight reports that another program saved, with dates for times, play as they are."""
    from recorded import keep

    recording = keep(SKY, tmp_path / "sky.parquet")
    frame = pd.read_parquet(recording.path)
    frame = frame[frame.altitude > 20_000].drop(columns=["written_ms", "partition", "offset"])
    frame["timestamp"] = pd.to_datetime(frame.timestamp, unit="ms", utc=True)
    frame.to_parquet(tmp_path / "high.parquet")
    found = played(tmp_path / "high.parquet")
    assert found == [r for r in SKY if r.altitude > 20_000]
    frame.assign(latitude=np.nan).to_parquet(tmp_path / "nowhere.parquet")
    with pytest.raises(RecordingError, match=r"\(flight reports\) holds nothing.*position"):
        Replay(tmp_path / "nowhere.parquet")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_date_beyond_all_calendars_is_counted(tmp_path: Path, unit: str) -> None:
    """A time that no year has costs its row alone, whatever its unit."""
    table = pa.Table.from_pandas(as_traffic(SKY[:3]), preserve_index=False)
    stamps = pa.array([2**62, BEGIN_MS // 1000 * UNITS[unit], None]).cast(pa.timestamp(unit))
    table = table.set_column(0, "timestamp", stamps)
    pq.write_table(table, tmp_path / "sky.parquet", version="2.6")
    replay = Replay(tmp_path / "sky.parquet")
    assert replay.skipped == {"an impossible time": 1, "no time": 1}
    assert replay.recording.first_ms == BEGIN_MS


def test_an_hour_in_which_nothing_was_heard_is_empty(tmp_path: Path) -> None:
    """Among the answers of OpenSky, one with null for its states has no rows, and no fault."""
    answers = [as_rest(SKY[::2]), {"time": 1, "states": None}, as_rest(SKY[1::2])]
    (tmp_path / "states.jsonl").write_text("\n".join(json.dumps(one) for one in answers))
    replay = Replay(tmp_path / "states.jsonl")
    assert (replay.recording.rows, replay.skipped) == (len(SEEN), {})


def test_a_stray_document_is_counted(tmp_path: Path) -> None:
    """What is no recording costs a count wherever it lies, as long as something else is one."""
    stray = '{"error": "x"}'
    lines = [stray, json.dumps(as_rest(SKY)), stray]
    (tmp_path / "states.jsonl").write_text("\n".join(lines))
    replay = Replay(tmp_path / "states.jsonl")
    assert (replay.recording.rows, replay.skipped) == (len(SEEN), {"no recording": 2})
    (tmp_path / "a.json").write_text(stray)
    (tmp_path / "b.csv").write_text("time,b\n1,2\n3,4\n")
    pd.DataFrame({"time": [1, 2]}).to_parquet(tmp_path / "z.parquet")
    replay = Replay(tmp_path)
    assert (replay.recording.rows, replay.skipped) == (len(SEEN), {"no recording": 5})


def test_a_folder_of_flight_reports_is_played(tmp_path: Path) -> None:
    """Recordings of flightlib in one folder are one recording, in the order of their writing."""
    from recorded import keep

    folder = tmp_path / "skies"
    folder.mkdir()
    recording = keep(SKY, folder / "b.parquet")
    frame = pd.read_parquet(recording.path)
    frame[: len(frame) // 2].to_parquet(folder / "z.parquet")
    frame[len(frame) // 2 :].to_parquet(folder / "b.parquet")
    assert played(folder) == SKY


def test_flight_reports_that_cannot_be_played_are_told_why(tmp_path: Path) -> None:
    """As CSV, or beside other files, the message says what would do."""
    from recorded import keep

    recording = keep(SKY, tmp_path / "sky.parquet")
    pd.read_parquet(recording.path).to_csv(tmp_path / "sky.csv", index=False)
    with pytest.raises(RecordingError, match=r"flight reports, but not as Parquet\. Save them"):
        Replay(tmp_path / "sky.csv")
    with pytest.raises(RecordingError, match=r"\('sky.parquet'\) beside other files \('sky.csv'\)"):
        Replay(tmp_path)


def test_an_imported_recording_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file made for playing goes with the replay."""
    replay = Replay(states(tmp_path, {}))
    made = replay.recording.path
    assert made.exists()
    del replay
    assert not made.parent.exists()


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),  # JSON has neither
    st.text(max_size=8),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.one_of(st.lists(CELLS, max_size=18), CELLS), max_size=6))
def test_no_content_of_a_state_is_fatal(tmp_path: Path, rows: list[Any]) -> None:
    """Whatever stands in the rows, the good one among them is played and the rest is counted."""
    answer = as_rest(SEEN[:1])
    answer["states"] += rows
    (tmp_path / "states.json").write_text(json.dumps(answer))
    replay = Replay(tmp_path / "states.json")
    assert replay.recording.rows + sum(replay.skipped.values()) == 1 + len(rows)
    assert len(played(tmp_path / "states.json")) == replay.recording.rows >= 1
