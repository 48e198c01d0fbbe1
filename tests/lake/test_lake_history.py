"""The catalog's answers: read once, asked again for nothing, every failure in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from flightlib.errors import EngineDown, LakeError
from flightlib.lake.history import Watch, state_of
from flightlib.settings import Settings, load


def told(*snapshots: tuple[int, int], **summary: str) -> dict[str, Any]:
    """The catalog's answer about a table with these snapshots (id, epoch ms)."""
    rows = [
        {"snapshot-id": i, "timestamp-ms": ms, "summary": {"operation": "append", **summary}}
        for i, ms in snapshots
    ]
    fields = [{"id": 1, "name": "flight_id", "required": True, "type": "string"}]
    return {
        "metadata": {
            "location": "file:///x",
            "current-schema-id": 1,
            "schemas": [
                {"schema-id": 0, "fields": []},
                {"schema-id": 1, "fields": fields},
            ],
            "current-snapshot-id": snapshots[-1][0] if snapshots else -1,
            "snapshots": rows,
        }
    }


class Catalog:
    """A small catalog on loopback: what it holds, and what it was asked."""

    def __init__(self) -> None:
        self.table: dict[str, Any] | None = told((7, 1000))
        self.sent = self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = json.dumps(outer.table).encode()
                tag = str(hash(body))
                known = self.headers.get("If-None-Match") == tag
                self.send_response(404 if outer.table is None else 304 if known else 200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", "0" if known else str(len(body)))
                self.end_headers()
                if not known:
                    outer.sent += 1
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    """A catalog that runs for one test."""
    running = Catalog()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def here(catalog: Catalog) -> Settings:
    """Settings that lead to it."""
    return load(catalog_port=catalog.server.server_port)


def test_a_state_is_sent_only_when_it_is_another(catalog: Catalog, here: Settings) -> None:
    """Asked again without a commit, the catalog sends nothing; after one, the new state."""
    watch = Watch(here, "flight_data")
    first = watch.newest()
    assert watch.newest() is first
    assert (catalog.asked, catalog.sent) == (2, 1)
    catalog.table = told((7, 1000), (8, 2000))
    current = watch.newest().current
    assert current is not None
    assert current.snapshot_id == 8


def test_asking_at_once_again_asks_nobody(catalog: Catalog, here: Settings) -> None:
    """Many who look in the same moment share one question."""
    watch = Watch(here, "flight_data")
    watch.state()
    for _ in range(50):
        watch.state()
    assert catalog.asked < 25


def test_a_missing_table_says_what_makes_it(catalog: Catalog, here: Settings) -> None:
    """A table that does not exist is told with the cell to run, and found once it is made."""
    watch, catalog.table = Watch(here, "flight_data"), None
    with pytest.raises(LakeError, match=r"no table 'flight_data' .*create_tables"):
        watch.state()
    catalog.table = told((7, 1000))
    assert watch.state().current is not None


def test_a_silent_catalog_is_an_engine_that_is_down() -> None:
    """Nobody there: the engine and the command that starts it."""
    with pytest.raises(EngineDown, match=r"Iceberg catalog .*`flightlib up catalog`"):
        Watch(load(catalog_port=9), "flight_data").state()


def test_a_table_without_a_commit_has_no_current_snapshot() -> None:
    """An empty table is a state as any other, with the columns of its newest schema."""
    state = state_of("flight_data", told())
    assert (state.current, state.snapshots, state.columns) == (None, (), ("flight_id",))


def test_a_snapshot_tells_its_rows_its_files_and_its_job() -> None:
    """The summary's texts become numbers; what is not told is nothing."""
    summary = {"added-records": "5", "total-records": "9", "flink.job-id": "j"}
    (one,) = state_of("flight_data", told((7, 1000), **summary)).snapshots
    assert (one.added_records, one.total_records, one.total_files, one.job_id) == (5, 9, 0, "j")
