"""Named jobs: started once, kept, replaced when their SQL changes, stopped with a savepoint."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from flightlib import kafka
from flightlib.errors import JobError, SqlError
from flightlib.flink.book import Book, Entry, check_name, group_of, relevant, state_of
from flightlib.flink.cluster import OVER, Cluster
from flightlib.flink.ddl import TOPIC_TABLES
from flightlib.flink.facts import JobFacts, facts, stumbling
from flightlib.flink.launch import await_running, check, go_past, is_before_poison, launch
from flightlib.flink.places import offsets_in
from flightlib.flink.scan import Statement
from flightlib.settings import Settings, load


@dataclass(frozen=True)
class Started:
    """A job, and in one line what came of the request to start it."""

    job: Job
    how: str


class Job:
    """One named Flink job of this data folder; the same from every kernel."""

    def __init__(self, name: str, settings: Settings | None = None) -> None:
        self.name = check_name(name)
        self.settings = settings or load()
        self.book = Book(self.settings)
        self._cluster = Cluster(self.settings)

    def __repr__(self) -> str:
        known = self.book.read(self.name)
        return f"Job {self.name}: {known.wanted if known else 'never started'}"

    @property
    def entry(self) -> Entry:
        """What is kept of it. Raises JobError if no job of that name was ever started."""
        found = self.book.read(self.name)
        if found is None:
            names = ", ".join(entry.name for entry in self.book.entries()) or "none"
            raise JobError(f"There is no job {self.name!r}; there are: {names}.")
        return found

    @property
    def page(self) -> str:
        """The address of its page in Flink's web interface."""
        return f"{self.settings.flink}/#/job/running/{self.entry.job_id}/overview"

    def facts(self) -> JobFacts:
        """Tell how it is doing; an engine that is down shows in the state, it raises nothing."""
        return facts(self.settings, self.entry)

    def wait_for(self, predicate: Callable[[JobFacts], bool], timeout_s: float = 60.0) -> JobFacts:
        """Wait until its facts are so, and give them. Raises JobError when they are not in time."""
        deadline = time.monotonic() + timeout_s
        while not predicate(found := self.facts()):
            if time.monotonic() > deadline:
                raise JobError(f"Job {self.name} did not come to it in {timeout_s:.0f} s: {found}")
            time.sleep(0.2)
        return found

    def stop(self) -> str:
        """Stop it with a savepoint, so that starting it again loses nothing; say what was done.

        Stopping a stopped job is harmless. Raises EngineDown while Flink is not answering.
        """
        with self.book.locked():
            return self._stop()

    def _stop(self) -> str:
        entry = self.entry
        if entry.wanted != "running":
            return f"Job {self.name} is stopped already."
        state, how = self._halt(entry)
        note = f"Stopped {how}; starting it again goes on from there."
        self.book.write(replace(entry, wanted="stopped", state=state, note=note))
        return f"Job {self.name} stopped {how}."

    def forget(self) -> None:
        """Stop it and keep nothing of it: another of its name begins with the reports of then."""
        with self.book.locked():
            self._stop()
            now_ms = kafka.now_ms()
            for topic in TOPIC_TABLES:
                start = kafka.offsets_at(self.settings, topic, now_ms)
                kafka.commit(self.settings, group_of(self.name), topic, start)
            self.book.forget(self.name)

    def _halt(self, entry: Entry) -> tuple[str | None, str]:
        """End the running job; give the state it leaves, and how that was made."""
        running = self._cluster.job(entry.job_id)
        if running is None or running.state in OVER:
            return state_of(self.settings, entry), "at its last checkpoint"
        away = self.settings.elsewhere("flink")
        folder = None if away else f"file://{self.settings.data / 'flink' / 'savepoints'}"
        state = None
        # A job that cannot make a savepoint now is stopped at its last checkpoint.
        with contextlib.suppress(JobError):
            if running.state == "RUNNING" and running.running_tasks == running.tasks:
                state = self._cluster.stop(entry.job_id, folder)
                self._cluster.await_end(entry.job_id)
                return state, "with a savepoint"
        self._cluster.cancel(entry.job_id)
        self._cluster.await_end(entry.job_id)
        last = state_of(self.settings, entry), "at its last checkpoint"
        return (state, "with a savepoint") if state else last

    def skip_poison(self) -> str:
        """Let it go on after the messages it stumbles on; say which those were.

        What lies before and between them is run first, by itself, so that nothing else is left
        out; then the job begins afresh after them. A job with state begins to count anew. Raises
        JobError if it stumbles on none.
        """
        with self.book.locked():
            if said := self._skip(self.entry, self.entry):
                return said
        raise JobError(f"Job {self.name} has nothing to skip: it stumbles on no message.")

    def _skip(self, entry: Entry, new: Entry) -> str:
        """Go on as `new` after what it stumbles on, and say so; "" if it stumbles on nothing."""
        details = self._cluster.details(entry.job_id)
        for topic in stumbling(details) if entry.wanted == "running" else []:
            committed = partial(kafka.committed, self.settings, entry.group, topic)
            if kafka.past_poison(self.settings, topic, committed())[1]:
                start = offsets_in(self._halt(entry)[0], topic) or committed()
                return self._past(entry, topic, start, new)
        return ""

    def _past(self, entry: Entry, topic: str, start: Mapping[int, int], new: Entry) -> str:
        """Run what lies before and between poison by the old SQL; go on after it by the new."""
        held, met = go_past(self.settings, self.book, entry, topic, start)
        told = ", ".join(map(str, met))
        self._launch(replace(held, sql=new.sql, setup=new.setup), f"Went on; {told}.", held)
        return f"Job {self.name} goes on after what it could not read: {told}."

    def start(self, statement: Statement, setup: tuple[str, ...], since_ms: int | None) -> Started:
        """Run an INSERT under this name: keep, replace or go on, whatever loses nothing.

        Raises SqlError if Flink refuses the statement, JobError if the job does not come to run.
        """
        setup = relevant(setup, statement.text)
        with self.book.locked():
            entry = self.book.read(self.name)
            if entry is not None and entry.wanted == "running":
                if entry.same_as(statement.text, setup) and self._is_alive(entry):
                    if skipped := self._skip(entry, entry):
                        return Started(self, skipped)
                    kept = f"Job {self.name} runs this SQL already; it was kept."
                    return Started(self, f"{kept} {self.facts().why}".strip())
                self.book.refuse_second_writer(self.name, statement.text)
                return self._replace(entry, statement, setup)
            self.book.refuse_second_writer(self.name, statement.text)
            if entry is not None and entry.wanted == "stopped":
                return self._go_on(entry, statement, setup, state_of(self.settings, entry))
            met = self._place(since_ms)
            new = Entry(self.name, statement.text, setup, "", origin=self._origin())
            self._launch(new, "Started.", entry, statement)
            left = f" It begins after what is not Avro: {', '.join(map(str, met))}." if met else ""
            return Started(self, f"Job {self.name} started.{left}")

    def _is_alive(self, entry: Entry) -> bool:
        """Say whether it runs, or will: what this machine's JobManager lost is the keeper's."""
        running = self._cluster.job(entry.job_id)
        return running.state not in OVER if running else not self.settings.elsewhere("flink")

    def _replace(self, entry: Entry, statement: Statement, setup: tuple[str, ...]) -> Started:
        # What Flink refuses is refused before the job that runs is stopped.
        check(self.settings, self.name, statement, setup)
        if skipped := self._skip(entry, replace(entry, sql=statement.text, setup=setup)):
            return Started(self, skipped)
        return self._go_on(entry, statement, setup, self._halt(entry)[0])

    def _go_on(
        self, entry: Entry, statement: Statement, setup: tuple[str, ...], state: str | None
    ) -> Started:
        """Start the new SQL from the old state where the plan allows, else from the offsets."""
        changed = not entry.same_as(statement.text, setup)
        new = replace(entry, sql=statement.text, setup=setup, job_id="", state=state)
        old = self.book.write(replace(entry, wanted="stopped", state=state))
        verb = "was replaced and goes on" if changed else "goes on"
        reached = {topic: offsets_in(state, topic) for topic in TOPIC_TABLES}
        for topic, place in reached.items():
            if place and is_before_poison(self.settings, topic, place):
                return Started(self, self._past(entry, topic, place, new))
        if state:
            try:
                self._launch(new, "Went on from its saved state.", old, statement)
                return Started(
                    self, f"Job {self.name} {verb} from its saved state; nothing is lost."
                )
            except (JobError, SqlError) as error:
                misfit = "Cannot map" in str(error)
                why = "the new plan has other operators" if misfit else str(error).rstrip(".")
        else:
            why = "no state was saved"
        note = "Began afresh at the offsets it had reached."
        for topic, offsets in reached.items():
            if offsets:
                kafka.commit(self.settings, entry.group, topic, offsets)
        anew = (*entry.anew_ms, kafka.now_ms())
        self._launch(replace(new, state=None, anew_ms=anew), note, old, statement)
        return Started(
            self,
            f"Job {self.name} {verb} afresh at the offsets it had reached, since its state "
            f"could not be taken over ({why}).",
        )

    def _origin(self) -> dict[str, dict[str, int]]:
        """Note where a new job begins in each topic."""
        group, found = group_of(self.name), {}
        for topic in TOPIC_TABLES:
            begun = kafka.committed(self.settings, group, topic)
            found[topic] = {str(p): offset for p, offset in sorted(begun.items())}
        return found

    def _place(self, since_ms: int | None) -> list[kafka.Poison]:
        """Note in Kafka where a new job begins, so that a failure before its first checkpoint
        does not lose the first reports; give the poison that is left out."""
        found, group = [], group_of(self.name)
        for topic in TOPIC_TABLES:
            # What an earlier job of this name has reached stays, unless a moment was asked for.
            if since_ms is None and kafka.committed(self.settings, group, topic):
                continue
            start, met = kafka.after_poison(self.settings, topic, since_ms or kafka.now_ms())
            kafka.commit(self.settings, group, topic, start)
            found += met
        return found

    def _launch(
        self, entry: Entry, note: str, before: Entry | None, statement: Statement | None = None
    ) -> None:
        """Submit and wait until it runs; if it fails, what was noted `before` holds again."""
        begun = launch(self.settings, entry, statement)
        # Noted at once: whatever interrupts the waiting, the job can be found.
        entry = self.book.write(
            replace(entry, job_id=begun, began_ms=kafka.now_ms(), note=note, wanted="running")
        )
        try:
            await_running(self._cluster, entry)
        except JobError:
            if before is None:
                self.book.forget(self.name)
            else:
                self.book.write(before)
            raise


def jobs(settings: Settings | None = None) -> list[Job]:
    """List the named jobs of this data folder, stopped ones included."""
    return [Job(entry.name, settings) for entry in Book(settings or load()).entries()]
