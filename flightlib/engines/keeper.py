"""The keeper's own process, an engine beside the others: jobs in one thread, the lake in another.

`python -m flightlib.engines.keeper` runs it. What takes long in the lake never keeps a job waiting.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable

from flightlib.flink import Keeper
from flightlib.flink.beat import beat_file
from flightlib.lake import Janitor
from flightlib.logs import set_up
from flightlib.settings import load

log = logging.getLogger("flightlib.keeper")
JOBS_EVERY_S = 1.0
LAKE_EVERY_S = 5.0


def rounds(act: Callable[[], None], every_s: float, ending: threading.Event) -> None:
    """Act again and again until told to end; a round that fails ends nothing."""
    while not ending.is_set():
        try:
            act()
        except Exception:  # a keeper that ends keeps nothing
            log.exception("A round failed")
        ending.wait(every_s)


def main() -> None:
    """Keep jobs and tables until told to end."""
    settings, ending = load(), threading.Event()
    set_up(settings.log_format, "flightlib-keeper", sys.stdout)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ending.set())
    log.info("Keeping the jobs and the tables of %s", settings.data)
    lake = (Janitor(settings).round, LAKE_EVERY_S, ending)
    threading.Thread(target=rounds, args=lake, name="janitor", daemon=True).start()
    rounds(Keeper(settings).round, JOBS_EVERY_S, ending)
    beat_file(settings).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
