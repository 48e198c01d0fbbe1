"""Iterators that may have nothing yet: how to ask them without being held up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from flightlib.kafka.convoy import Sent
from flightlib.records import FlightReport


@runtime_checkable
class Patient(Protocol):
    """An iterator that can say that it has nothing yet: a replay that is paused, say."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""

    def take(self) -> FlightReport | None:
        """Give the next report, or None for now."""


def ready(reports: Iterable[Sent] | Patient) -> Iterator[Sent | None]:
    """Give the reports, and None as often as a patient iterator has none yet.

    So whoever asks is never held up: it serves Kafka, and can be stopped, meanwhile.
    """
    # No `yield from`: it would close the caller's generator together with this one.
    return _taken(reports) if isinstance(reports, Patient) else iter(reports)


def _taken(reports: Patient) -> Iterator[Sent | None]:
    while not reports.ended:
        yield reports.take()
