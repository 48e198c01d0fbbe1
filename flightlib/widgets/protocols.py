"""What the widgets ask of a query, a job and a replay: the shapes, wherever they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import pandas as pd


class Column(Protocol):
    """One column of a query: its name, and its type as Flink SQL writes it."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...


@runtime_checkable
class Query(Protocol):
    """A running SELECT, whose rows come in while it runs."""

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def rows(self) -> Sequence[tuple[Any, ...]]:
        """The newest rows, oldest first; a new object whenever they change."""

    @property
    def total(self) -> int:
        """How many rows have come so far."""

    @property
    def state(self) -> str:
        """One of "running", "finished", "stopped" and "failed"."""

    @property
    def message(self) -> str:
        """One plain line when something is off, else nothing."""

    @property
    def changed_ms(self) -> int:
        """When the last row came, 0 before the first."""

    @property
    def running(self) -> bool: ...

    def on_change(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Call back from the query's own thread; returns what ends that."""

    def wait_for(self, predicate: Callable[[Any], bool], timeout_s: float) -> bool:
        """Wait until something holds for this query; False when it did not in time."""

    def stop(self) -> None:
        """End the query; stopping twice is harmless."""

    def frame(self) -> pd.DataFrame:
        """Give the newest rows as a table."""


def is_whole(query: Query) -> bool:
    """Say whether a query's rows are one result, replaced as a whole and read from its top.

    Others give rows without an end, whose newest are of interest.
    """
    return bool(getattr(query, "whole", False))


def trouble(query: Query) -> str:
    """Say what is off with a query, if anything: one that is whole has a message at all times."""
    return str(getattr(query, "trouble", query.message))


class JobFacts(Protocol):
    """What is known of a job at one moment; None is what the cluster does not tell."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def job_id(self) -> str | None: ...
    @property
    def uptime_s(self) -> float | None: ...
    @property
    def records_in(self) -> int | None: ...
    @property
    def records_out(self) -> int | None: ...
    @property
    def records_in_per_s(self) -> float | None: ...
    @property
    def records_out_per_s(self) -> float | None: ...
    @property
    def checkpoints(self) -> int | None: ...
    @property
    def checkpoint_s(self) -> float | None: ...
    @property
    def checkpoint_age_s(self) -> float | None: ...
    @property
    def restarts(self) -> int | None: ...
    @property
    def lag(self) -> int | None: ...
    @property
    def watermark_ms(self) -> int | None: ...
    @property
    def watermark_lag_s(self) -> float | None: ...
    @property
    def late_dropped(self) -> int | None: ...
    @property
    def why(self) -> str: ...


@runtime_checkable
class Job(Protocol):
    """A named job of the cluster."""

    @property
    def name(self) -> str: ...

    @property
    def page(self) -> str:
        """The address of its Flink page."""

    def facts(self) -> JobFacts:
        """Ask the cluster how the job is; an engine that is down is a fact too."""

    def stop(self) -> Any:
        """End the job; stopping twice is harmless. Raises FlightlibError when it cannot."""


@runtime_checkable
class Playable(Protocol):
    """A recording that is being played."""

    speed: float

    @property
    def state(self) -> str:
        """One of "waiting", "playing", "paused" and "ended"."""

    @property
    def paused(self) -> bool:
        """Whether it is paused."""

    @property
    def position_ms(self) -> int:
        """The recorded moment that is being played, epoch milliseconds."""

    @property
    def position_s(self) -> float: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def progress(self) -> float: ...

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many rows could not be played, by reason."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...

    def seek(self, seconds: float | None = None, *, fraction: float | None = None) -> None:
        """Go to a place of the recording. Raises SettingError for one outside it."""
