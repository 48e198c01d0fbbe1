"""The keeper starts named jobs again when Flink has forgotten them.

A JobManager that was killed, or stopped with `flightlib down`, comes back knowing no jobs. The
keeper runs beside it, compares the jobs that are wanted with those that are known, and submits
what is missing from its newest checkpoint.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from flightlib.errors import EngineDown, FlightlibError, JobError
from flightlib.flink.beat import beat_file
from flightlib.flink.book import Book, Entry, state_of
from flightlib.flink.cluster import Cluster
from flightlib.flink.gateway import Gateway, SessionLost
from flightlib.flink.launch import restore
from flightlib.flink.rest import Refused
from flightlib.settings import Settings

log = logging.getLogger("flightlib.keeper")
TRY_AGAIN_S = 5.0


class Keeper:
    """Looks after the jobs of one data folder, a round at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book, self._cluster = Book(settings), Cluster(settings)
        self._not_before: dict[str, float] = {}

    def round(self) -> None:
        """Compare what is wanted with what runs, and mend the difference."""
        beat_file(self._settings).parent.mkdir(parents=True, exist_ok=True)
        beat_file(self._settings).touch()
        wanted = [entry for entry in self._book.entries() if entry.wanted == "running"]
        if not wanted:
            return
        try:
            known = self._cluster.jobs()
        except (EngineDown, Refused):
            return  # nothing can be said, nothing be done
        for entry in wanted:
            job = known.get(entry.job_id)
            try:
                if job is None and self._settings.elsewhere("flink"):
                    continue  # that cluster keeps its jobs itself, and their checkpoints with it
                if job is None:
                    self._bring_back(entry)
                elif job.state in ("FINISHED", "CANCELED"):
                    self._let_go(entry, job.state)
            except Exception:  # one job's trouble must not keep the others down
                log.exception("%s cannot be looked after", entry.name)
                self._not_before[entry.name] = time.monotonic() + TRY_AGAIN_S

    def _bring_back(self, entry: Entry) -> None:
        """Submit a forgotten job again, once all of Flink is there."""
        if time.monotonic() < self._not_before.get(entry.name, 0.0) or not self._ready():
            return
        try:
            with self._book.locked(within_s=0):
                current = self._book.read(entry.name)
                if current != entry or self._cluster.job(entry.job_id) is not None:
                    return  # somebody was faster
                restored = self._book.write(restore(self._settings, entry))
            log.info("%s: %s", entry.name, restored.note)
        except JobError as error:
            log.info("%s: %s", entry.name, error)
        except (FlightlibError, Refused, SessionLost) as error:
            self._not_before[entry.name] = time.monotonic() + TRY_AGAIN_S
            log.warning("%s cannot be restored yet: %s", entry.name, error)

    def _ready(self) -> bool:
        try:
            Gateway(self._settings).call("GET", "/info")
        except (EngineDown, Refused, SessionLost):
            return False
        return self._cluster.answers()

    def _let_go(self, entry: Entry, state: str) -> None:
        """Note that a job has ended by itself, or was cancelled on Flink's page."""
        ended = replace(entry, wanted="finished", note="It came to its end.")
        if state == "CANCELED":
            left = state_of(self._settings, entry)
            note = "Cancelled outside of flightlib."
            ended = replace(entry, wanted="stopped", state=left, note=note)
        try:
            with self._book.locked(within_s=0):
                if self._book.read(entry.name) == entry:
                    self._book.write(ended)
        except JobError:
            return  # the one who has the lock is stopping it
