"""The lake on real engines: whatever is killed, every report is in the table exactly once."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import httpx
import pytest
from expressions import alerts, used
from known import filled, flightlib, publish, report, until

from flightlib import backend, kafka, lake, observe
from flightlib import engines as all_engines
from flightlib.engines import Local
from flightlib.errors import JobError, LakeError
from flightlib.flink import Book, Job, Started
from flightlib.kafka import Publisher, now_ms, send_poison
from flightlib.lake.proof import read_since
from flightlib.records import FlightReport
from flightlib.settings import Settings

pytestmark = pytest.mark.stack
flink_launch = import_module("flightlib.flink.launch")
Prove = Callable[[int], lake.Proof]
PLACES = [(41.0, -74.0), (33.9, -118.4), (-33.9, 151.2), (51.5, -0.4)]


@pytest.fixture(scope="module")
def writer(stack: Settings, own_engines: Local) -> Iterator[Job]:
    """The lesson's job, writing a lake that was empty when it began."""
    own_engines.up()
    kafka.ensure_topics(stack)
    lake.reset(stack)
    job = begin("to-lake", stack).job
    send(100, "first", stack)
    yield job
    own_engines.up()
    job.stop()


@pytest.fixture(autouse=True)
def _all_up(writer: Job, own_engines: Local) -> Iterator[None]:
    """All engines run again after each test, and the job with them."""
    yield
    own_engines.up()
    writer.wait_for(lambda told: told.state == "RUNNING", 120)


def begin(name: str, settings: Settings, tag: str = "to-lake") -> Started:
    """Start the lesson's statement set as a job of a name."""
    setup = tuple(statement.text for statement in filled("numbered"))
    (statement,) = filled(tag)
    return Job(name, settings).start(statement, setup, None)


def reports(count: int, prefix: str, step_ms: int = 0) -> Iterator[FlightReport]:
    """So many reports in four regions, so many milliseconds from one to the next."""
    begun = now_ms()
    for i in range(count):
        latitude, longitude = PLACES[i % 4]
        place = {"latitude": latitude, "longitude": longitude, "altitude": i % 40_000}
        yield report(f"{prefix}{i}", begun + i * step_ms, **place)


def send(count: int, prefix: str, settings: Settings) -> int:
    """Publish reports at once; give how many Kafka acknowledged."""
    return publish(reports(count, prefix), settings)


def proved(settings: Settings) -> lake.Proof:
    """Wait until all that Kafka holds is written, and prove it."""
    entry = Book(settings).read("to-lake")
    assert entry is not None
    ends = {p: high for p, (_, high) in kafka.watermarks("flights", settings).items()}
    proof = lake.prove(settings, 150, read_since(entry, ends))
    assert proof.holds, proof
    return proof


def kill(engines: Local, engine: str) -> None:
    """Kill an engine's process the hard way, and wait for its successor."""
    (row,) = engines.status([engine])
    assert row.pid
    os.kill(row.pid, signal.SIGKILL)
    until(lambda: engines.status([engine])[0].pid not in (None, row.pid))


ENGINES = ["taskmanager", "jobmanager", "kafka", "registry", "gateway", "catalog", "trino"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_engine_loses_and_doubles_nothing(
    engine: str, writer: Job, stack: Settings, own_engines: Local
) -> None:
    """Killed while the job writes; what Kafka acknowledged is in the table exactly once."""
    before = proved(stack).rows
    until(lambda: (writer.facts().checkpoints or 0) > 0)
    publisher = Publisher(reports(4000, engine, step_ms=2), settings=stack).start()
    until(lambda: publisher.status.acknowledged > 1000)
    kill(own_engines, engine)
    until(lambda: not publisher.status.running, 150)
    sent = publisher.stop().acknowledged
    assert sent == 4000
    own_engines.up()
    assert proved(stack).rows == before + sent


def test_down_and_up_in_the_middle_lose_and_double_nothing(
    writer: Job, stack: Settings, own_engines: Local
) -> None:
    """All engines stopped and started: the job goes on by itself, and the counts agree."""
    before = proved(stack).rows
    sent = send(2000, "down-a", stack)
    own_engines.down()
    own_engines.up()
    sent += send(2000, "down-b", stack)
    assert proved(stack).rows == before + sent
    assert lake.prove(stack).read == before + sent  # Kafka's offsets say so too


def test_poison_is_skipped_and_the_counts_still_agree(writer: Job, stack: Settings) -> None:
    """A message that is no report is left out, alone, and the proof holds over the new count."""
    before = proved(stack).rows
    sent = send(1000, "poison-a", stack)
    for letter in "bc":
        send_poison(settings=stack)
        sent += send(1000, f"poison-{letter}", stack)
    writer.wait_for(lambda told: "not Avro" in told.why)
    writer.skip_poison()
    sent += send(1000, "poison-d", stack)
    after = proved(stack)
    assert after.rows == before + sent
    assert after.runs > 1


def test_the_same_cell_lets_a_job_go_on_that_stumbles(writer: Job, stack: Settings) -> None:
    """Started again as it is, a job that met poison goes on after it."""
    before = proved(stack).rows
    send_poison(settings=stack)
    sent = send(500, "again", stack)
    writer.wait_for(lambda told: "not Avro" in told.why)
    assert "goes on after what it could not read" in begin("to-lake", stack).how
    assert proved(stack).rows == before + sent


def test_a_column_is_added_while_the_job_goes_on(writer: Job, stack: Settings) -> None:
    """The running job and questions go on; the changed job fills it from where the old one was."""
    before = proved(stack).rows
    for statement in filled("add-column"):
        lake.ask(stack, statement.text)
    sent = send(1000, "column-a", stack)
    how = begin("to-lake", stack, "to-lake-delay").how
    assert "was replaced and goes on from its saved state" in how
    sent += send(1000, "column-b", stack)
    after = proved(stack)
    assert after.rows == before + sent
    filled_in = "SELECT count(departure_delay), count(*) FROM flight_data WHERE flight_id LIKE ?"
    assert lake.ask(stack, filled_in, ["column-a%"]).rows == ((0, 1000),)
    assert lake.ask(stack, filled_in, ["column-b%"]).rows == ((1000, 1000),)


def test_a_table_has_one_writing_job(writer: Job, stack: Settings) -> None:
    """A second job that would double every row is refused, and the first goes on."""
    with pytest.raises(JobError, match=r"Job to-lake writes flight_data, region_stats already"):
        begin("to-lake-too", stack)
    assert writer.facts().state == "RUNNING"
    with pytest.raises(LakeError, match="Job to-lake writes flight_data: rolling it back"):
        lake.rollback("flight_data", lake.at("flight_data", 0, stack), stack)


def test_a_skip_that_fails_half_way_doubles_nothing(
    writer: Job, stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before it failed is noted; started again, the job goes on from there."""
    before, count = proved(stack).rows, iter(range(9))

    def fails_second(*given: Any) -> None:
        if next(count):
            raise JobError("no more")
        replay(*given)

    for _ in range(20):  # so many that some partition has two
        send_poison(settings=stack)
    sent = send(500, "half", stack)
    writer.wait_for(lambda told: "not Avro" in told.why)
    with monkeypatch.context() as patch:
        replay = flink_launch.replay
        patch.setattr(flink_launch, "replay", fails_second)
        with pytest.raises(JobError, match="no more"):
            writer.skip_poison()
    assert "goes on afresh" in begin("to-lake", stack).how
    writer.wait_for(lambda told: "not Avro" in told.why)
    writer.skip_poison()
    assert proved(stack).rows == before + sent


def test_care_leaves_what_a_job_needs_and_changes_no_row(writer: Job, stack: Settings) -> None:
    """Fewer files, old snapshots gone, not the job's last commit; the job goes on from its own."""
    before = proved(stack).rows
    sent = sum(send(100, f"care-{i}-", stack) for i in range(3))
    writer.stop()
    many, kept = len(lake.files("flight_data", stack)), lake.watch(stack, "flight_data").newest()
    lake.compact("flight_data", stack)
    assert len(lake.files("flight_data", stack)) < many
    oldest = kept.snapshots[0]
    until(lambda: now_ms() - oldest.committed_ms > 150_000, 160)
    lake.expire("flight_data", 60, stack)
    left = {s.snapshot_id for s in lake.watch(stack, "flight_data").newest().snapshots}
    last = [s.snapshot_id for s in kept.snapshots if s.job_id][-1]
    assert oldest.snapshot_id not in left
    assert last in left
    begin("to-lake", stack, "to-lake-delay")
    sent += send(500, "care-after", stack)
    assert proved(stack).rows == before + sent
    assert len(lake.maintain(stack)) == 4


def test_a_lost_row_and_a_doubled_row_are_found(writer: Job, stack: Settings) -> None:
    """The proof can fail: a row deleted or written twice behind its back breaks it."""
    sent = send(400, "tamper", stack)
    assert sent == 400
    rows = proved(stack).rows
    assert lake.prove(stack).read == rows
    assert not lake.prove(stack, within_s=1, reports=rows + 1).holds
    writer.stop()
    kept = lake.at("flight_data", 0, stack)
    lake.ask(stack, "DELETE FROM flight_data WHERE flight_id = ?", ["tamper7"])
    broken = lake.prove(stack, within_s=1)
    assert not broken.holds
    assert len(broken.broken) == 1
    assert "1 of" in str(broken)
    lake.rollback("flight_data", kept, stack)
    twice = "INSERT INTO flight_data SELECT * FROM flight_data WHERE flight_id = ?"
    lake.ask(stack, twice, ["tamper8"])
    assert not lake.prove(stack, within_s=1).holds
    lake.rollback("flight_data", kept, stack)
    begin("to-lake", stack, "to-lake-delay")
    proved(stack)


@pytest.fixture
def page(stack: Settings, writer: Job) -> Iterator[str]:
    """The address of a backend that was asked a question, on the settings' own port."""
    running = backend.start(stack)
    assert running.note == ""
    httpx.get(f"{running.url}/flights?minutes=1", timeout=60, trust_env=False)
    httpx.get(f"{running.url}/healthz", timeout=60, trust_env=False)
    yield running.url
    backend.stop()


def test_every_metric_that_is_looked_at_is_there(page: str, stack: Settings) -> None:
    """A real scrape has each metric of the alerts and of the dashboard, under its very name."""

    def missing() -> set[str]:
        pages = [f"{page}/metrics", f"{page}/metrics/engines", f"{stack.trino}/metrics"]
        user = httpx.BasicAuth("prometheus", "")
        told = [httpx.get(url, auth=user, timeout=60, trust_env=False) for url in pages]
        assert [answer.status_code for answer in told] == [200, 200, 200]
        found = set().union(*(observe.backend.read(answer.text).samples for answer in told))
        return used() - found - {"up"}  # which is Prometheus' own

    until(lambda: not missing(), 60, missing)


def test_top_shows_a_running_lake(page: str, stack: Settings) -> None:
    """`flightlib top --once` has the job, the table and the engines with their figures."""
    command = flightlib(stack, "top", "--once", "--backend", page)
    text, errors = command.communicate(timeout=120)
    assert (command.returncode, errors) == (0, "")
    assert text.count(" healthy ") == len(all_engines.ENGINES)
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line.split()}
    assert rows["to-lake"][1] == "RUNNING"
    assert int(rows["flight_data"][1].replace(",", "")) > 0
    assert rows["flights"][3] == "0"
    assert "/healthz" in rows


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no prometheus here")
def test_prometheus_reaches_all_it_looks_at(page: str, stack: Settings) -> None:
    """`flightlib observe` finds its four pages, has all alerts, and ends at Ctrl-C."""
    command = flightlib(stack, "observe")
    api = f"http://127.0.0.1:{stack.prometheus_port}/api/v1"

    def asked(path: str) -> Any:
        try:
            return httpx.get(f"{api}/{path}", timeout=10, trust_env=False).json()["data"]
        except (httpx.TransportError, ValueError):
            return {}

    def health() -> dict[str, str]:
        found = asked("targets").get("activeTargets", ())
        return {one["labels"]["job"]: one["health"] for one in found}

    try:
        until(lambda: len(health()) == 4 and set(health().values()) == {"up"}, 90, health)
        rules = [rule["name"] for group in asked("rules")["groups"] for rule in group["rules"]]
        assert rules == [rule["alert"] for rule in alerts()]
        (sample,) = asked("query?query=sum(flightlib_engine_up)")["result"]
        assert sample["value"][1] == str(len(all_engines.ENGINES))
    finally:
        command.send_signal(signal.SIGINT)
        said, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (0, "")
    assert said.startswith(f"Prometheus on http://127.0.0.1:{stack.prometheus_port}")
