"""What all commands share: one place to print to, and errors as one line."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console

from flightlib.errors import FlightlibError, MachineError

_FOLDER_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)

Flights = Annotated[int, typer.Option(help="Flights that report at a time in the busy hours.")]


class _Console(Console):
    """A console whose reader may leave: `flightlib up | head` starts every engine all the same."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


console = _Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def one_line_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Make a command end with exit code 1 and the error's own words on standard error.

    Of what the system refuses only the disk and its folders are left to be explained here.
    """

    @functools.wraps(command)
    def careful(*args: Any, **named: Any) -> Any:
        try:
            return command(*args, **named)
        except FlightlibError as error:
            say_error(error)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            errors.print("Ended by Ctrl-C.")
            raise typer.Exit(130) from None
        except OSError as error:
            if error.errno not in _FOLDER_TROUBLE:
                raise
            say_error(MachineError(f"{error}. Make room on the disk, or choose another folder."))
            raise typer.Exit(1) from None

    return careful


def say_error(error: FlightlibError) -> None:
    """Print an error's words as they are: nothing in them is markup, and no line is broken."""
    errors.print(str(error), markup=False, soft_wrap=True, style="red")
