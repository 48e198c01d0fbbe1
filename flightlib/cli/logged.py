"""The option `--log`, and a publisher that writes how it is doing into its log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Annotated

import typer

from flightlib import settings as address_book
from flightlib.errors import SettingError, not_allowed
from flightlib.logs import FIELDS, Format, set_up

if TYPE_CHECKING:
    from flightlib.kafka import Publisher, PublisherStatus

LOOK_S = 0.5
TELL_S = 10.0
"""So often a line says how far the publisher is."""
FORMATS: tuple[Format, ...] = ("text", "json")
Log = Annotated[
    str | None,
    typer.Option("--log", help="text, or json: one object a line. Else FLIGHTLIB_LOG_FORMAT."),
]
log = logging.getLogger("flightlib.generate")


def chosen_format(given: str | None) -> Format:
    """Say how the log is to be written: as asked for, else as set.

    Raises SettingError for a word that is no format.
    """
    if given is None:
        return address_book.load().log_format
    for known in FORMATS:
        if given == known:
            return known
    raise SettingError(not_allowed("--log", given, FORMATS))


def in_json(given: str | None, service: str) -> bool:
    """Say whether the log is to be JSON, and if so begin it; a person is told otherwise."""
    if chosen_format(given) == "text":
        return False
    set_up("json", service)
    return True


def narrate(publisher: Publisher, until_s: float | None) -> None:
    """Log the status now and then until the publisher is through, or it is `until_s`."""
    told_s = time.time()
    while publisher.status.running and (until_s is None or time.time() < until_s):
        time.sleep(LOOK_S)
        if time.time() - told_s >= TELL_S:
            told_s = time.time()
            tell(publisher.status)


def tell(status: PublisherStatus) -> None:
    """Log a status: its line, and its numbers as fields; as an error if anything was lost."""
    fields = {
        "flightlib.topic": status.topic,
        "flightlib.sent": status.sent,
        "flightlib.acknowledged": status.acknowledged,
        "flightlib.lost": status.errors,
        "flightlib.reports_per_s": round(status.rate_per_s, 1),
        "flightlib.lag_s": round(status.lag_s, 3),
    }
    level = logging.ERROR if status.errors else logging.INFO
    log.log(level, "%s", status, extra={FIELDS: fields})
