"""Bring a named job to run: plan it, submit it, and wait until its tasks are at work."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from flightlib import kafka
from flightlib.errors import JobError, TopicError
from flightlib.flink import ddl
from flightlib.flink.book import Book, Entry, group_of, state_of
from flightlib.flink.cluster import OVER, Cluster
from flightlib.flink.places import stretches
from flightlib.flink.scan import Statement
from flightlib.flink.session import Session
from flightlib.flink.shaping import Shaping
from flightlib.settings import Settings

RUNNING_S = 45.0


def launch(settings: Settings, entry: Entry, statement: Statement | None = None) -> str:
    """Submit a job from its entry and give its id; a state in the entry is where it goes on.

    Raises SqlError if Flink refuses the statement, JobError without free slots.
    """
    cluster = Cluster(settings)
    end_namesakes(cluster, entry.name)
    free, slots = cluster.free_slots()
    if not free:
        names = ", ".join(e.name for e in Book(settings).entries() if e.wanted == "running")
        raise JobError(
            f"All {slots} task slots of Flink are taken. Stop a job or a query; jobs: {names}."
        )
    config = {"pipeline.name": entry.name}
    if entry.state:
        config["execution.state-recovery.path"] = entry.state
        config["execution.state-recovery.claim-mode"] = "CLAIM"
    session = Session(settings, entry.group, shaping=Shaping(entry.setup))
    try:
        answer = session.run(statement or Statement(entry.sql, 1), config)
    finally:
        session.close()
    if answer.job_id is None:
        raise JobError(f"The statement of job {entry.name} starts no job; a job is an INSERT.")
    return answer.job_id


def replay(
    settings: Settings, entry: Entry, topic: str, stretch: Mapping[int, tuple[int, int]]
) -> None:
    """Run a job's statement over a stretch of each partition of a topic, and to its end.

    A stretch is (first offset, offset after the last). Raises SqlError if it fails.
    """
    if not any(first < end for first, end in stretch.values()):
        return
    session = Session(settings, f"{entry.group}-replay", shaping=Shaping(entry.setup))
    try:
        session.run(Statement(ddl.between(topic, stretch), 1))
        config = {"pipeline.name": f"{entry.name}, before poison", "table.dml-sync": "true"}
        session.run(Statement(entry.sql, 1), config)
    finally:
        session.close()


def go_past(
    settings: Settings, book: Book, entry: Entry, topic: str, start: Mapping[int, int]
) -> tuple[Entry, list[kafka.Poison]]:
    """Run a stopped job over what lies before and between poison; give how it can go on after it.

    What was done is noted step by step: whatever fails on the way, starting the job again begins
    there, and no report is read twice.
    """
    onward, met = kafka.past_poison(settings, topic, start)
    held = replace(entry, wanted="stopped", job_id="", state=None)
    for stretch in stretches(start, met):
        held = book.write(replace(held, anew_ms=(*held.anew_ms, kafka.now_ms())))
        replay(settings, entry, topic, stretch)
        ends = {p: end for p, (_, end) in stretch.items()}
        kafka.commit(settings, entry.group, topic, ends)
    kafka.commit(settings, entry.group, topic, onward)
    anew = (*held.anew_ms, kafka.now_ms())
    return book.write(replace(held, skipped=entry.skipped + len(met), anew_ms=anew)), met


def is_before_poison(settings: Settings, topic: str, reached: Mapping[int, int]) -> bool:
    """Say whether poison waits in what a topic holds from these offsets on."""
    with contextlib.suppress(TopicError):  # too much to look through: the job will tell of it
        return bool(kafka.past_poison(settings, topic, reached)[1])
    return False


def end_namesakes(cluster: Cluster, name: str) -> None:
    """Cancel jobs of this name that nobody noted: two would write everything twice."""
    for job in cluster.jobs().values():
        if job.name == name and job.state not in OVER:
            cluster.cancel(job.job_id)
            cluster.await_end(job.job_id)


def check(settings: Settings, name: str, statement: Statement, setup: tuple[str, ...]) -> None:
    """Have Flink plan a statement without running it. Raises SqlError if it refuses."""
    session = Session(settings, group_of(name), shaping=Shaping(setup))
    # EXPLAIN stands in the place of EXECUTE.
    plain = re.sub(r"^EXECUTE\s+", "", statement.text, flags=re.IGNORECASE)
    try:
        session.run(Statement(f"EXPLAIN {plain}", statement.line))
    finally:
        session.close()


def await_running(cluster: Cluster, entry: Entry) -> None:
    """Wait until all its tasks run, or it is over; raise JobError when it failed at once."""
    deadline = time.monotonic() + RUNNING_S
    while time.monotonic() < deadline:
        job = cluster.job(entry.job_id)
        if job is not None and (job.state == "FINISHED" or job.running_tasks == job.tasks > 0):
            return
        if job is not None and job.state in OVER:
            raise JobError(f"Job {entry.name} failed: {cluster.last_words(entry.job_id)}")
        if job is not None and job.state == "RESTARTING":
            return  # it is started; what is wrong with it, the panel tells
        time.sleep(0.1)
    cluster.cancel(entry.job_id)
    raise JobError(
        f"Job {entry.name} does not come to run within {RUNNING_S:.0f} s. "
        f"Look at `flightlib status` and `flightlib logs taskmanager`."
    )


def restore(settings: Settings, entry: Entry) -> Entry:
    """Submit a job that a new JobManager does not know, from its newest checkpoint.

    For the keeper. Raises FlightlibError; the entry then stays as it is.
    """
    state, began_ms = state_of(settings, entry), kafka.now_ms()
    begun = launch(settings, replace(entry, state=state))
    at = time.strftime("%H:%M:%S", time.gmtime())
    source = f"checkpoint {state.rsplit('-', 1)[-1]}" if state and "/chk-" in state else "its state"
    note = f"Restored from {source if state else 'its committed offsets'} at {at} UTC."
    anew = entry.anew_ms if state else (*entry.anew_ms, began_ms)
    return replace(
        entry, job_id=begun, state=state, began_ms=kafka.now_ms(), note=note, anew_ms=anew
    )
