"""Named jobs on the real cluster: kept, replaced, restored; and every report comes through."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from importlib import import_module

import fastavro
import pytest
from confluent_kafka import Producer
from known import ends, filled, publish, report, until, written

from flightlib import records
from flightlib.engines import Local
from flightlib.errors import JobError, SqlError
from flightlib.flink import Cluster, Job, Started, Statement, jobs
from flightlib.flink.cluster import OVER
from flightlib.kafka import ensure_topics, now_ms, register, send_poison
from flightlib.kafka.client import client_config
from flightlib.records import FlightReport
from flightlib.settings import Settings

pytestmark = pytest.mark.stack
flink_jobs = import_module("flightlib.flink.jobs")  # its name is also a function's
Start = Callable[..., Started]


@pytest.fixture(autouse=True)
def _flink_whole(stack: Settings, own_engines: Local) -> Iterator[None]:
    """All of Flink running before and after; no job is left by a test."""
    ensure_topics(stack)
    yield
    own_engines.up()
    for job in jobs(stack):
        job.stop()


@pytest.fixture
def start(stack: Settings) -> Start:
    """Start the lesson's job under a name, with a floor of so many feet."""

    def begin(name: str, high_ft: int = 35_000, setup: tuple[str, ...] = ()) -> Started:
        (statement,) = filled("high-altitude", high_ft=high_ft)
        return Job(name, stack).start(statement, setup, None)

    return begin


def high(count: int, prefix: str) -> list[FlightReport]:
    """So many reports above 35,000 ft, each of a flight of its own, over all partitions."""
    return [report(f"{prefix}{i}", now_ms() + i % 50) for i in range(count)]


def ids(settings: Settings, since: dict[int, int]) -> set[str]:
    """The flights that the job has written since some offsets."""
    return {row["flight_id"] for row in written(settings, since)}


def arrive(settings: Settings, since: dict[int, int], expected: set[str]) -> None:
    """Wait until all that is expected is there, and nothing else."""
    until(lambda: len(ids(settings, since)) >= len(expected), 120)
    assert ids(settings, since) == expected


def kill(engines: Local, engine: str) -> None:
    """Kill an engine's process the hard way, and wait for its successor."""
    (row,) = engines.status([engine])
    assert row.pid
    os.kill(row.pid, signal.SIGKILL)
    until(lambda: engines.status([engine])[0].pid not in (None, row.pid))


def test_a_job_is_kept_replaced_stopped_and_goes_on_without_loss(
    start: Start, stack: Settings
) -> None:
    """Same SQL keeps it, other SQL replaces it from its state, a stop and a start lose nothing."""
    since = ends(stack)
    first = start("cycle")
    assert first.how == "Job cycle started."
    publish(high(300, "a"), stack)
    job_id = first.job.entry.job_id
    assert "was kept" in start("cycle").how
    assert first.job.entry.job_id == job_id
    assert "was replaced and goes on from its saved state" in start("cycle", high_ft=35_500).how
    assert first.job.entry.job_id != job_id
    publish(high(300, "b"), stack)
    assert first.job.stop() == "Job cycle stopped with a savepoint."
    assert first.job.stop() == "Job cycle is stopped already."
    publish(high(300, "c"), stack)
    assert "goes on from its saved state" in start("cycle", high_ft=35_500).how
    arrive(stack, since, {f"{letter}{i}" for letter in "abc" for i in range(300)})


def test_a_state_that_does_not_fit_is_said_and_nothing_is_lost(
    start: Start, stack: Settings
) -> None:
    """A plan with other state begins afresh at the offsets the old one had reached, and says so."""
    since = ends(stack)
    job = start("reshaped").job
    publish(high(200, "d"), stack)
    arrive(stack, since, {f"d{i}" for i in range(200)})
    (plain,) = filled("high-altitude", high_ft=35_000)
    numbered = plain.text.replace(
        "FROM regional",
        "FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY flight_id, `timestamp` ORDER BY proc) "
        "AS n FROM regional)",
    )
    how = job.start(Statement(numbered + " AND n = 1", 1), (), None).how
    publish(high(200, "e"), stack)
    arrive(stack, since, {f"{letter}{i}" for letter in "de" for i in range(200)})
    assert "was replaced and goes on afresh at the offsets it had reached" in how
    assert "the new plan has other operators" in how


def test_a_wrong_replacement_leaves_the_job_running(start: Start, stack: Settings) -> None:
    """What Flink refuses is refused before the job that runs is touched."""
    job = start("careful").job
    job_id = job.entry.job_id
    wrong = Statement("INSERT INTO processed_flights SELECT nonsense FROM regional", 1)
    with pytest.raises(SqlError, match="column 'nonsense' not found"):
        job.start(wrong, (), None)
    assert job.entry.job_id == job_id
    running = Cluster(stack).job(job_id)
    assert running is not None
    assert running.state not in OVER
    with pytest.raises(JobError, match=r"There is no job 'unheard-of'; there are: .*careful"):
        Job("unheard-of", stack).facts()


@pytest.mark.parametrize("engine", ["jobmanager", "taskmanager", "gateway", "keeper"])
def test_a_killed_engine_costs_no_report(
    engine: str, start: Start, stack: Settings, own_engines: Local
) -> None:
    """Killed in the middle of the stream, Flink goes on by itself; every flight comes through."""
    since = ends(stack)
    job = start(f"survivor-{engine}").job
    until(lambda: (job.facts().checkpoints or 0) > 0)
    publish(high(500, "f"), stack)
    kill(own_engines, engine)
    publish(high(500, "g"), stack)
    arrive(stack, since, {f"{letter}{i}" for letter in "fg" for i in range(500)})
    facts = job.wait_for(lambda told: told.state == "RUNNING", 120)
    if engine == "jobmanager":
        assert facts.why.startswith("Restored from ")


def test_a_job_outlives_down_and_up(start: Start, stack: Settings, own_engines: Local) -> None:
    """After `down` and `up` a named job runs again, from where it was."""
    since = ends(stack)
    job = start("patient").job
    publish(high(200, "h"), stack)
    arrive(stack, since, {f"h{i}" for i in range(200)})
    own_engines.down(["flink"])
    assert job.facts().state == "SILENT"
    publish(high(200, "i"), stack)
    own_engines.up()
    arrive(stack, since, {f"{letter}{i}" for letter in "hi" for i in range(200)})
    assert job.wait_for(lambda told: told.state == "RUNNING", 120)


def test_poison_is_named_and_skipped_without_loss(start: Start, stack: Settings) -> None:
    """The job says which message it stumbles on; skipping leaves out all of that kind alone."""
    since = ends(stack)
    job = start("stumbles").job
    publish(high(100, "j"), stack)
    place = send_poison(settings=stack).split(", ")
    offset, partition = place[2].split(" ")[1], place[1].split(" ")[1]
    named = f"message {offset} of partition {partition} of flights is not Avro"
    facts = job.wait_for(lambda told: "not Avro" in told.why)
    assert facts.why.startswith(f"The job restarts: {named}. `%flink --job stumbles --skip`")
    for round_ in range(6):
        publish(high(40, f"k{round_}-"), stack)
        send_poison(settings=stack)
    publish(high(40, "l"), stack)
    said = job.skip_poison()
    assert named in said
    assert said.count("is not Avro") == 7
    sent = {f"k{round_}-{i}" for round_ in range(6) for i in range(40)}
    arrive(stack, since, sent | {f"j{i}" for i in range(100)} | {f"l{i}" for i in range(40)})
    with pytest.raises(JobError, match="has nothing to skip"):
        job.skip_poison()


@pytest.mark.parametrize("case", ["stuck", "unsaved", "stopped"])
def test_other_sql_goes_on_after_poison(start: Start, stack: Settings, case: str) -> None:
    """A job that stumbles, or would, is not replaced by one that stumbles too; nothing is lost.

    It may have saved its place or not, for want of a checkpoint.
    """
    since, name = ends(stack), f"changed-{case}"
    rarely = ("SET 'execution.checkpointing.interval' = '1 h'",) if case == "unsaved" else ()
    job = start(name, setup=rarely).job
    publish(high(100, "p"), stack)
    arrive(stack, since, {f"p{i}" for i in range(100)})
    if case == "stopped":
        job.stop()
    publish(high(100, "q"), stack)
    send_poison(settings=stack)
    publish(high(100, "r"), stack)
    if case != "stopped":
        job.wait_for(lambda told: "not Avro" in told.why)
    assert "goes on after what it could not read" in start(name, high_ft=35_500).how
    arrive(stack, since, {f"{letter}{i}" for letter in "pqr" for i in range(100)})
    assert "35500" in job.entry.sql


def test_a_schema_that_grows_does_not_disturb_the_job(start: Start, stack: Settings) -> None:
    """Reports with a new optional field are read by the running job as before."""
    since = ends(stack)
    start("steady")
    publish(high(50, "l"), stack)
    schema = json.loads(records.schema_text())
    grown = {"name": "squawk", "type": ["null", "string"], "default": None}
    schema["fields"].append(grown)
    schema_id = register(stack, schema=json.dumps(schema))
    plain = fastavro.parse_schema(json.loads(json.dumps(schema)))
    producer = Producer({**client_config(stack), "acks": "all"})
    for one in high(50, "m"):
        row = {name: getattr(one, name) for name in records.FIELDS} | {"squawk": "7000"}
        producer.produce("flights", framed(row, plain, schema_id), one.flight_id.encode())
    assert producer.flush(20) == 0
    arrive(stack, since, {f"{letter}{i}" for letter in "lm" for i in range(50)})


def framed(row: dict[str, object], schema: object, schema_id: int) -> bytes:
    """Encode one row with its registry header."""
    from io import BytesIO

    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, schema, row)
    return b"\x00" + schema_id.to_bytes(4, "big") + buffer.getvalue()


def test_a_job_cancelled_on_flinks_page_goes_on_from_there(start: Start, stack: Settings) -> None:
    """The keeper lets a job go that a person cancelled; started again, it has lost nothing."""
    since = ends(stack)
    job = start("cancelled").job
    publish(high(100, "n"), stack)
    arrive(stack, since, {f"n{i}" for i in range(100)})
    until(lambda: (job.facts().checkpoints or 0) > 0)
    Cluster(stack).cancel(job.entry.job_id)
    until(lambda: job.entry.wanted == "stopped")
    assert job.facts().why == "Cancelled outside of flightlib."
    publish(high(100, "o"), stack)
    assert "goes on from its saved state" in start("cancelled").how
    arrive(stack, since, {f"{letter}{i}" for letter in "no" for i in range(100)})


def test_an_interrupted_start_leaves_one_job_that_can_be_found(
    start: Start, stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a job comes up leaves it noted; one that nobody noted ends with the next."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(flink_jobs, "await_running", interrupted)
        with pytest.raises(KeyboardInterrupt):
            start("interrupted")
    job = Job("interrupted", stack)
    assert "was kept" in start("interrupted").how
    job.book.forget("interrupted")
    assert start("interrupted").how.startswith("Job interrupted started.")
    alive = [j for j in Cluster(stack).jobs().values() if j.state not in OVER]
    assert [j.job_id for j in alive if j.name == "interrupted"] == [job.entry.job_id]


def test_skipping_leaves_a_job_alone_that_stumbles_on_nothing(
    start: Start, stack: Settings
) -> None:
    """Poison in a topic that a job does not read is no reason to begin it anew."""
    job = start("untroubled").job
    send_poison("processed_flights", settings=stack)
    job_id = job.entry.job_id
    with pytest.raises(JobError, match="has nothing to skip"):
        job.skip_poison()
    assert job.entry.job_id == job_id
