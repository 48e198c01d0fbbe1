"""Kafka, the registry, Flink, Iceberg and Trino are configured to work together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import trino
from known import publish

from flightlib.flink import PATIENCE, Session, Statement
from flightlib.kafka import ensure_topics, now_ms
from flightlib.settings import HOST, Settings
from flightlib.sky import Sky

pytestmark = pytest.mark.stack


class Gateway:
    """As much of the SQL Gateway's REST as these tests need."""

    def __init__(self, settings: Settings) -> None:
        self.http = httpx.Client(base_url=f"{settings.flink_gateway}/v3", timeout=60)
        self.session = self.http.post("/sessions", json={}).json()["sessionHandle"]

    def run(self, statement: str) -> list[list[Any]]:
        """Run a statement to its end; give the rows, failing with Flink's words."""
        place = f"/sessions/{self.session}"
        sent = self.http.post(f"{place}/statements", json={"statement": statement}).json()
        place = f"{place}/operations/{sent['operationHandle']}"
        rows: list[list[Any]] = []
        link: str | None = f"{place}/result/0?rowFormat=JSON"
        deadline_s = time.monotonic() + 120
        while link:
            assert time.monotonic() < deadline_s, statement
            answer = self.http.get(link.removeprefix("/v3")).json()
            assert "errors" not in answer, answer["errors"][-1][-2000:]
            rows += [row["fields"] for row in answer.get("results", {}).get("data", [])]
            link = answer.get("nextResultUri")
            time.sleep(0.05)
        return rows


@pytest.fixture
def gateway(stack: Settings) -> Iterator[Gateway]:
    """A session of the SQL Gateway."""
    gateway = Gateway(stack)
    yield gateway
    gateway.http.delete(f"/sessions/{gateway.session}")
    gateway.http.close()


def ask(settings: Settings, statement: str) -> list[list[Any]]:
    """Run a statement in Trino."""
    connection = trino.dbapi.connect(
        host=HOST, port=settings.trino_port, user="test", catalog="lake", http_scheme="http"
    )
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        return list(cursor.fetchall())
    finally:
        connection.close()


def test_flink_reads_reports_from_kafka_by_their_schema(stack: Settings) -> None:
    """A Flink job counts exactly the reports that were published, read with the registry's help."""
    end_ms = now_ms()
    reports = list(Sky.busy(now_ms(), flights=50).reports(end_ms - 5000, until_ms=end_ms))
    ensure_topics(stack)
    session = Session(stack, bounded=True)
    session.start_reading(now_ms())
    assert publish(reports, stack) == len(reports)
    question = "SELECT COUNT(*), COUNT(DISTINCT flight_id) FROM flights"
    answer = session.run(Statement(question, 1), PATIENCE)
    session.close()
    assert answer.rows == ((len(reports), len({report.flight_id for report in reports})),)


def test_what_flink_writes_trino_reads(stack: Settings, gateway: Gateway) -> None:
    """A table made by Trino is filled by a Flink job through the same catalog."""
    schema = f"together_{uuid4().hex[:8]}"
    ask(stack, f"CREATE SCHEMA lake.{schema}")
    ask(stack, f"CREATE TABLE lake.{schema}.counts (region varchar, flights integer)")
    gateway.run(
        f"""CREATE CATALOG lake WITH ('type' = 'iceberg', 'catalog-type' = 'rest',
        'uri' = '{stack.catalog}')"""
    )
    gateway.run("SET 'table.dml-sync' = 'true'")
    gateway.run(f"INSERT INTO lake.{schema}.counts VALUES ('40_-75', 7), ('35_-120', 3)")  # noqa: S608
    rows = ask(stack, f"SELECT region, flights FROM lake.{schema}.counts ORDER BY flights")  # noqa: S608
    assert rows == [["35_-120", 3], ["40_-75", 7]]
    files = list((stack.data / "warehouse").rglob("*.parquet"))
    assert files, "the rows are not in the data folder"
    ask(stack, f"DROP TABLE lake.{schema}.counts")
    ask(stack, f"DROP SCHEMA lake.{schema}")


def test_a_job_checkpoints_into_the_data_folder(stack: Settings, gateway: Gateway) -> None:
    """A running job completes checkpoints, and their files are in the data folder."""
    gateway.run("CREATE TEMPORARY TABLE numbers (n BIGINT) WITH ('connector' = 'datagen')")
    gateway.run("CREATE TEMPORARY TABLE nowhere (n BIGINT) WITH ('connector' = 'blackhole')")
    ((job,),) = gateway.run("INSERT INTO nowhere SELECT n FROM numbers")
    folder = stack.data / "flink" / "checkpoints" / job
    deadline_s = time.monotonic() + 60
    while not list(folder.glob("chk-*/_metadata")):
        assert time.monotonic() < deadline_s, "no checkpoint was completed"
        time.sleep(0.1)
    gateway.run(f"STOP JOB '{job}'")
    assert list(folder.glob("chk-*/_metadata")), "the checkpoint did not outlive its job"


def test_flink_has_the_configuration_the_jobs_rely_on(stack: Settings, gateway: Gateway) -> None:
    """Checkpoints every second, kept after a cancellation, in the data folder; time in UTC."""
    options = dict(gateway.run("SET"))
    assert options["execution.checkpointing.interval"] == "1s"
    kept = "execution.checkpointing.externalized-checkpoint-retention"
    assert options[kept] == "RETAIN_ON_CANCELLATION"
    assert options["execution.checkpointing.dir"].startswith(f"file://{stack.data}/")
    assert options["table.local-time-zone"] == "UTC"
