"""Every failure flightlib can explain, each with a one-line face.

A message says what happened, what was found or expected, and what to type.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class FlightlibError(Exception):
    """A failure with a one-line explanation; in a notebook it shows as that line alone."""

    def _render_traceback_(self) -> list[str]:
        """Give IPython one line to show instead of a stack trace."""
        return [f"{type(self).__name__}: {self}"]


class SettingError(FlightlibError):
    """A setting or an argument has a value that is not allowed."""


class EngineDown(FlightlibError):
    """An engine does not answer on its address."""

    def __init__(
        self, engine: str, address: str, command: str = "flightlib up", remedy: str = ""
    ) -> None:
        """Name the engine, where it should be, and what starts it, or another remedy."""
        self.engine, self.address, self.command = engine, address, command
        remedy = remedy or f"Start the engines with `{command}`."
        super().__init__(f"{engine} is not answering on {address}. {remedy}")


class EngineRefused(EngineDown):
    """An engine that runs elsewhere is there, and does not let flightlib in."""

    def __init__(self, engine: str, address: str, what: str, todo: str) -> None:
        """Say what it does instead of answering, and which setting to look at."""
        super().__init__(engine, address)
        self.args = (f"{engine} on {address} {what}. {todo}",)


class EngineFailed(FlightlibError):
    """An engine was started and did not become healthy."""


class ArtifactError(FlightlibError):
    """A file of an engine could not be fetched, or is not the file it should be."""


class MachineError(FlightlibError):
    """The machine lacks something the engines need: memory, disk, a free port."""


class RecordError(FlightlibError):
    """A flight report does not fit its schema, or bytes are not a flight report."""


class TopicError(FlightlibError):
    """A topic or its schema is not what flightlib expects."""


class StreamError(FlightlibError):
    """A live stream cannot be followed."""


class SqlError(FlightlibError):
    """A statement cannot be run: an engine refuses it, or a variable cannot be filled."""


class JobError(FlightlibError):
    """A named job cannot be started, kept or stopped."""


class LakeError(FlightlibError):
    """A table of the lake is missing, damaged, or written by somebody else."""


class Outrun(LakeError):
    """Somebody else's commit to a table came first; the same again may well succeed."""


class MeasureError(FlightlibError):
    """Something that was to be measured did not come about."""


class RecordingError(FlightlibError):
    """A recording cannot be made or read, or holds nothing that can be played."""


def not_allowed(what: str, given: object, allowed: Iterable[object]) -> str:
    """Say what was given, what is allowed, and the nearest allowed word if there is one."""
    words = [str(a) for a in allowed]
    return f"{what} cannot be {given!r}; allowed: {', '.join(words)}.{nearest(str(given), words)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Hint at the name that was probably meant, small and capital letters alike; else nothing."""
    folded = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), folded, n=1)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""
