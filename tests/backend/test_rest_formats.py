"""Formats of the REST answers: which one a client gets, and that all say the same."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timezone

import pyarrow as pa
import pytest
from scripted_lake import Lake, client, get

from flightlib.backend.formats import ARROW, CSV, JSON, chosen
from flightlib.backend.trouble import NotAcceptable


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; header=present", CSV),
        ("text/*", CSV),
        (ARROW, ARROW),
        ("application/*", JSON),
        ("application/json;q=0.5, text/csv;q=0.8", CSV),
        ("text/html, application/xhtml+xml, */*;q=0.1", JSON),
        ("application/json;q=0, */*", CSV),
        (f"*/*;q=0.5, {ARROW}", ARROW),
        ("text/csv;q=high, application/json;q=0.1", JSON),
    ],
)
def test_the_client_chooses_the_format(accept: str | None, media: str) -> None:
    """The format with the highest quality wins, the most exact range decides, JSON is first."""
    assert chosen(accept) == media


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "nonsense", "text/csv;q=-1"])
def test_other_formats_are_refused_by_name(accept: str) -> None:
    """When none of the three is wanted, the answer names them."""
    with pytest.raises(NotAcceptable) as refused:
        chosen(accept)
    assert all(media in str(refused.value) for media in (JSON, CSV, ARROW))


def test_406_names_the_three() -> None:
    """Over HTTP that is a 406 with one line, and Trino hears nothing."""
    lake = Lake()
    answer = get(lake, "/flights", Accept="image/png")
    assert (answer.status_code, lake.asked) == (406, [])
    assert CSV in answer.json()["detail"]


def test_json_tells_snapshot_window_and_rows() -> None:
    """The body says which commit it is of, over which time, and how many rows follow."""
    lake = Lake()
    answer = get(lake, "/flights?minutes=5")
    body = answer.json()
    assert list(body) == ["snapshot", "committed", "since", "until", "rows", "flights"]
    assert (body["snapshot"], body["rows"]) == ("2", 1)
    since, until = (datetime.fromisoformat(body[k].rstrip("Z")) for k in ("since", "until"))
    assert (until - since).total_seconds() == 300
    assert body["committed"] == body["until"]
    assert body["flights"][0]["timestamp"] == "2023-11-14T22:13:20.123000Z"
    told = [answer.headers[f"x-{name}"] for name in ("snapshot-id", "since", "until")]
    assert told == [body["snapshot"], body["since"], body["until"]]
    assert answer.headers["x-snapshot-committed"] == body["committed"]


@pytest.mark.parametrize("topic", ["flights", "regions", "delays", "minutes", "density"])
def test_the_three_formats_carry_the_same(topic: str) -> None:
    """JSON, CSV and Arrow have the same columns in the same order, from one query."""
    lake, path = Lake(), f"/flights/{topic}" if topic != "flights" else "/flights"
    with client(lake) as http:
        query = {"snapshot": "1"}
        told = http.get(path, params=query).json()[topic]
        sheet = http.get(path, params=query, headers={"Accept": CSV})
        stream = http.get(path, params=query, headers={"Accept": ARROW})
    table = pa.ipc.open_stream(stream.content).read_all()
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert list(told[0]) == list(lines[0]) == table.column_names
    assert [str(value) for value in told[0].values()] == list(lines[0].values())
    assert (table.num_rows, len(lines), len(lake.asked)) == (1, 1, 1)
    assert sheet.headers["content-type"].startswith("text/csv")
    assert stream.headers["content-type"] == ARROW


def test_arrow_keeps_types_and_snapshot() -> None:
    """Times are UTC microseconds, counts are integers, and the schema names the snapshot."""
    answer = get(Lake(), "/flights", Accept=ARROW)
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.schema.field("timestamp").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("flight_count").type == pa.int64()
    assert table.schema.metadata[b"snapshot"] == b"2"
    moment = datetime(2023, 11, 14, 22, 13, 20, 123000, timezone.utc)
    assert table["timestamp"][0].as_py() == moment


@pytest.mark.parametrize("accept", [JSON, CSV, ARROW])
def test_before_the_first_commit_answers_are_empty(accept: str) -> None:
    """A table that nothing was written to gives no rows, no snapshot, and asks no Trino."""
    lake = Lake(ages_s=())
    answer = get(lake, "/flights", Accept=accept)
    assert (answer.status_code, lake.asked) == (200, [])
    assert "x-snapshot-id" not in answer.headers
    assert answer.headers["etag"].startswith('"none-')
    if accept == JSON:
        assert answer.json()["snapshot"] is None
        assert answer.json()["flights"] == []
    if accept == ARROW:
        assert pa.ipc.open_stream(answer.content).read_all().num_rows == 0
