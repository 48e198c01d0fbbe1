"""Where answers come from: what the REST part needs of the lake, and the real lake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from flightlib import calls, lake
from flightlib.flink import Cluster
from flightlib.lake.schemas import FLIGHT_DATA
from flightlib.logs import request_id
from flightlib.settings import Settings

STARTING_S = 2.0
"""How long a Trino that is just starting is waited for; the client may come again."""
ROWS_WITHIN_S = 30.0
NEWEST_ROWS = "newest-rows"
"""What Trino is told of queries that no request asked for: those that keep the newest rows."""


class Asker(Protocol):
    """What answers are made from. Every call may block, and is made in a thread of its own."""

    def state(self) -> lake.State:
        """Give the table as of its newest commit."""

    def ask(self, sql: str, values: Sequence[Any], within_s: float) -> lake.Answer:
        """Run one statement."""

    def check_writer(self) -> None:
        """Raise EngineDown when that which writes the table is not there."""


class LakeAsker:
    """Asks the catalog, Trino and Flink at the settings' addresses."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._cluster = settings, Cluster(settings)
        self._watch = lake.watch(settings, FLIGHT_DATA.name)

    def state(self) -> lake.State:
        """Give the table as of its newest commit; raises EngineDown, LakeError if it is missing."""
        return self._watch.state()

    def ask(self, sql: str, values: Sequence[Any], within_s: float) -> lake.Answer:
        """Run one statement on Trino, which cancels it when it takes too long.

        It bears the id of the request that is answered, if there is one.
        """
        told = request_id.get()
        return lake.ask(self._settings, sql, values, within_s, patience_s=STARTING_S, told=told)

    def rows(self, sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Run one statement on Trino, and give its rows with times as texts."""
        within_s, told = ROWS_WITHIN_S, NEWEST_ROWS
        found = lake.ask(
            self._settings, sql, values, within_s, patience_s=0.0, plain=True, told=told
        )
        return found.rows

    def check_writer(self) -> None:
        """Raise EngineDown when Flink does not answer, or has nobody to do its work."""
        if not self._cluster.answers():
            raise calls.down(self._settings, "flink", "flightlib up flink")
