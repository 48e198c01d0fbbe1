"""`%%fails`: a cell that is to fail, so that a lesson can show an error and go on."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, cell_magic, magics_class

from flightlib.errors import FlightlibError
from flightlib.magics.show import say


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
            say(f"{type(error).__name__}: {error}")
        else:
            raise DidNotFail("This cell was to fail, and it ran to its end. Take `%%fails` away.")
