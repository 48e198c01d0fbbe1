"""What `%load_ext flightlib` adds to a notebook: a backend in the kernel, and `%%fails`."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.display import display

from flightlib import backend, settings
from flightlib.errors import FlightlibError


class DidNotFail(FlightlibError):
    """A cell that was to fail ran to its end."""


@magics_class
class Lessons(Magics):
    """The cell magics of flightlib."""

    @cell_magic
    def fails(self, line: str, cell: str) -> None:
        """Run a cell that is to fail with one of flightlib's errors, and show that one line.

        A notebook can so show an error and still run from start to end as a report. Any other
        error is raised as ever. Raises DidNotFail when the cell ran to its end.
        """
        shell: Any = self.shell
        code = shell.transform_cell(cell)
        try:
            exec(compile(code, "<%%fails>", "exec"), shell.user_ns)
        except FlightlibError as error:
            _say(f"{type(error).__name__}: {error}")
        else:
            raise DidNotFail("This cell was to fail, and it ran to its end. Take `%%fails` away.")


def load_ipython_extension(shell: Any) -> None:
    """Start the backend in this kernel and say where it listens; twice is harmless.

    It starts no engine and waits for none: a stream says by itself when Kafka is missing.
    """
    shell.register_magics(Lessons)
    running = backend.start(settings.load())
    note = f" ({running.note})" if running.note else ""
    _say(f"flightlib's backend listens on {running.url}{note}")


def unload_ipython_extension(_shell: Any) -> None:
    """Stop the backend of this kernel; every open stream ends."""
    backend.stop()
    _say("flightlib's backend has stopped")


def _say(line: str) -> None:
    display({"text/plain": line}, raw=True)
