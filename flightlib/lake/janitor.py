"""The janitor: does for the lake what is due, on its own, for as long as the engines run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flightlib import kafka
from flightlib.errors import FlightlibError, LakeError
from flightlib.lake import care
from flightlib.lake.history import watch
from flightlib.lake.schemas import FLIGHT_DATA, PLANS
from flightlib.lake.trino import ask
from flightlib.settings import Settings

log = logging.getLogger("flightlib.janitor")
PAUSE_S = 60.0
"""How long a table is left alone after it failed."""
WARM_UP = (
    "SELECT region, count(*) FROM (VALUES ('a', 1), ('b', 2)) AS t (region, n) "
    "GROUP BY region ORDER BY 2 DESC LIMIT 5"
)
"""Trino's first query after a start takes many seconds: better before a person waits for it."""
WARM_TABLE = """
SELECT region, count(*) AS reports, avg(altitude) AS mean FROM flight_data
WHERE "timestamp" > localtimestamp - INTERVAL '1' MINUTE
GROUP BY region ORDER BY reports DESC LIMIT 5
"""
"""The same for its first question to a table."""


class Janitor:
    """Looks after the tables of one lake, a round at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._warm = self._table_warm = False
        self._not_before: dict[str, float] = {}

    def round(self) -> None:
        """Warm Trino up once, then compact and expire where it is due."""
        if not self._warm:
            self._warm = self._try("Trino", self._ask_first)
        if self._warm and not self._table_warm:
            self._table_warm = self._try("flight_data", self._ask_the_table)
        for name in PLANS if self._warm else ():
            if time.monotonic() >= self._not_before.get(name, 0.0):
                self._look_after(name)

    def _ask_first(self) -> None:
        ask(self._settings, WARM_UP, patience_s=0.0)

    def _ask_the_table(self) -> None:
        if watch(self._settings, FLIGHT_DATA.name).newest().current is None:
            raise LakeError("nothing is written yet")
        ask(self._settings, WARM_TABLE, patience_s=0.0)

    def _look_after(self, name: str) -> None:
        def act() -> None:
            needed = care.due(watch(self._settings, name).newest(), kafka.now_ms())
            if needed.compact:
                log.info("%s (%s)", care.compact(name, self._settings), needed.compact)
            if needed.expire:
                log.info("%s (%s)", care.expire(name, settings=self._settings), needed.expire)

        if not self._try(name, act):
            self._not_before[name] = time.monotonic() + PAUSE_S

    def _try(self, what: str, act: Callable[[], None]) -> bool:
        """Act; what is down or missing is no matter, it will be there another time."""
        try:
            act()
        except FlightlibError as error:
            log.debug("%s: %s", what, error)
            return False
        except Exception:  # one table's trouble must not keep the others waiting
            log.exception("%s cannot be looked after", what)
            return False
        return True
