"""The REST routes against a real Trino: what OpenAPI promises, and the numbers of plain SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pyarrow as pa
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples
from known import until
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from flightlib import backend, lake
from flightlib.settings import Settings

pytestmark = pytest.mark.stack

# Long before any flight: whatever else is in the table stays out of the way.
DAY = "since=2001-01-01&until=2001-01-02"
COLUMNS = ", ".join(field.name for field in lake.PLANS["flight_data"].fields)
ROWS = """INSERT INTO flight_data ({}) VALUES
  ('RST1', 40.5, -74.5, 31000, 'ON_TIME', TIMESTAMP '2001-01-01 10:00:01', '40_-75', 1, 31000.0,
    TIMESTAMP '2001-01-01 10:00:02'),
  ('RST1', 40.6, -74.4, 32000, 'DELAYED', TIMESTAMP '2001-01-01 10:01:01', '40_-75', 1, 32000.0,
    TIMESTAMP '2001-01-01 10:01:02'),
  ('RST2', 40.7, -74.3, 10000, 'ON_TIME', TIMESTAMP '2001-01-01 10:01:02', '40_-75', 2, 21000.0,
    TIMESTAMP '2001-01-01 10:01:03'),
  ('RST3', -5.5, 10.5, 0, 'CANCELLED', TIMESTAMP '2001-01-01 10:01:03', '-10_10', 1, 0.0,
    TIMESTAMP '2001-01-01 10:01:04')"""
GONE = "DELETE FROM flight_data WHERE timestamp < TIMESTAMP '2001-01-02'"
BY_SOURCE = "SELECT query_id, query FROM system.runtime.queries WHERE source = ?"
AT = """SELECT flight_id FROM flight_data FOR VERSION AS OF {}
  WHERE timestamp < TIMESTAMP '2001-01-02' ORDER BY timestamp DESC"""


@dataclass
class Served:
    """A running backend, and the address book it runs with."""

    url: str
    settings: Settings

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask; the answer has to be a good one."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = httpx.get(self.url + path, headers=told, timeout=60, trust_env=False)
        assert answer.status_code in (200, 304), answer.text
        return answer

    def sql(self, text: str) -> tuple[tuple[Any, ...], ...]:
        """Ask Trino itself."""
        return lake.ask(self.settings, text).rows


@pytest.fixture(scope="module")
def served(stack: Settings) -> Iterator[Served]:
    """A backend over a table with a few rows of a day in 2001."""
    lake.create_tables(stack)
    lake.ask(stack, GONE)
    lake.ask(stack, ROWS.format(COLUMNS))
    yield Served(backend.start(stack).url, stack)
    backend.stop()
    lake.ask(stack, GONE)


# A stream never ends, so nothing can be said about its answer.
described = schemathesis.openapi.from_dict(backend.create_app().openapi()).exclude(
    path_regex="/sse$"
)


@described.parametrize()
@examples(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_routes_keep_what_openapi_promises(served: Served, case: Any) -> None:
    """Whatever is asked, right or wrong: no failure of the server, and an answer as described."""
    case.call_and_validate(
        base_url=served.url,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
        timeout=60,
    )


def test_rows_are_those_of_the_table(served: Served) -> None:
    """`/flights` gives what SQL gives at the same snapshot, newest first, in each format."""
    answer = served.get(f"/flights?{DAY}")
    at = answer.headers["x-snapshot-id"]
    told = [row["flight_id"] for row in answer.json()["flights"]]
    assert told == [row[0] for row in served.sql(AT.format(int(at)))]
    stream = served.get(f"/flights?{DAY}", Accept="application/vnd.apache.arrow.stream")
    assert pa.ipc.open_stream(stream.content).read_all()["flight_id"].to_pylist() == told
    sheet = served.get(f"/flights?{DAY}", Accept="text/csv")
    assert [line.split(",")[0] for line in sheet.text.splitlines()[1:]] == told


def test_filters_choose_rows(served: Served) -> None:
    """Status, region, altitude and limit each leave out the others."""
    for query, flights in (
        ("status=DELAYED,CANCELLED", ["RST3", "RST1"]),
        ("region=-10_10", ["RST3"]),
        ("min_altitude=10000&max_altitude=31000", ["RST2", "RST1"]),
        ("limit=1", ["RST3"]),
    ):
        rows = served.get(f"/flights?{DAY}&{query}").json()["flights"]
        assert [row["flight_id"] for row in rows] == flights


def test_counts_are_of_different_flights(served: Served) -> None:
    """A flight that reports twice counts once, by region, by minute and by cell."""
    (first, second) = served.get(f"/flights/regions?{DAY}").json()["regions"]
    assert first == {
        "region": "40_-75",
        "reports": 3,
        "flights": 2,
        "delayed": 1,
        "avg_altitude": 73000 / 3,
    }
    assert (second["region"], second["flights"]) == ("-10_10", 1)
    by_minute = served.get(f"/flights/delays?{DAY}").json()["delays"]
    assert [(m["flights"], m["delayed"], m["cancelled"]) for m in by_minute] == [
        (1, 0, 0),
        (3, 1, 1),
    ]
    by_region = served.get(f"/flights/delays?{DAY}&by=region").json()["delays"]
    assert [(r["region"], r["delayed_share"]) for r in by_region] == [
        ("40_-75", 0.5),
        ("-10_10", 0),
    ]
    minutes = served.get(f"/flights/minutes?{DAY}&by=region").json()["minutes"]
    assert [(m["minute"][11:16], m["region"], m["reports"]) for m in minutes] == [
        ("10:00", "40_-75", 1),
        ("10:01", "-10_10", 1),
        ("10:01", "40_-75", 2),
    ]
    cells = served.get(f"/flights/density?{DAY}&cell=0.5").json()["density"]
    assert cells[0] == {"west": -74.5, "south": 40.5, "flights": 2}


def test_a_track_is_in_order(served: Served) -> None:
    """One flight's reports, oldest first; a name with a quote in it is just another name."""
    track = served.get(f"/flights/RST1/track?{DAY}").json()["track"]
    assert [point["altitude"] for point in track] == [31000, 32000]
    wrong = httpx.get(f"{served.url}/flights/RST1' OR '1'='1/track?{DAY}", trust_env=False)
    assert wrong.status_code == 404


def test_an_earlier_snapshot_answers_as_it_was(served: Served) -> None:
    """After another commit the snapshot's answer is the same, and the newest is another."""
    before = served.get(f"/flights?{DAY}")
    pinned = f"/flights?{DAY}&snapshot={before.headers['x-snapshot-id']}"
    served.sql(GONE)
    assert served.get(pinned).json()["flights"] == before.json()["flights"]
    served.sql(ROWS.format(COLUMNS))


def test_a_request_is_found_in_trino_by_its_id(served: Served) -> None:
    """The id in an answer's header is the source, a tag and the token of the query in Trino."""
    at = served.get(f"/flights?{DAY}").headers["x-snapshot-id"]
    served.sql(GONE)
    served.sql(ROWS.format(COLUMNS))

    def asked_of_trino(limit: int) -> str:
        # A snapshot that is not the newest any more is nobody's rows at hand.
        path, asked = f"/flights?{DAY}&snapshot={at}&limit={limit}", f"stack-{at}-{limit}"
        answer = served.get(path, X_Request_Id=asked)
        assert answer.headers["x-request-id"] == asked
        return asked if answer.headers["x-answer"] == "miss" else ""

    limits = iter(range(1, 200))
    asked = until(lambda: asked_of_trino(next(limits)))
    found = lake.ask(served.settings, BY_SOURCE, [f"flightlib/{asked}"])
    ((query_id, query),) = found.rows
    assert f"FOR VERSION AS OF {at}" in query
    told = httpx.get(
        f"{served.settings.trino}/v1/query/{query_id}",
        headers={"X-Trino-User": "flightlib"},
        trust_env=False,
    ).json()["session"]
    assert (told["clientTags"], told["traceToken"]) == ([asked], asked)
