"""What the magics that run SQL share: variables, names for results, and one live query per cell."""

from __future__ import annotations

import atexit
from typing import Any

from IPython.core.magic import Magics
from IPython.display import display

from flightlib.errors import SqlError
from flightlib.flink import MOST_ROWS
from flightlib.magics.show import say
from flightlib.widgets import LiveTable

LONGEST_S = 900.0
"""How long a live query runs unless `--for` says otherwise, so that a forgotten one ends."""

_queries: dict[str, Any] = {}


class SqlMagics(Magics):
    """The base of the magics whose cells hold SQL."""

    def _variables(self) -> dict[str, Any]:
        shell: Any = self.shell
        return dict(shell.user_ns)

    def _keep(self, name: str | None, value: Any) -> Any:
        """Give a value back, and keep it under a name if one was asked for."""
        if name:
            shell: Any = self.shell
            shell.user_ns[name] = value
        return value

    def _place(self) -> str:
        """Name the cell: a query of the same cell is replaced when it is run again."""
        kernel = getattr(self.shell, "kernel", None)
        parent = kernel.get_parent("shell") if kernel is not None else {}
        return str(parent.get("metadata", {}).get("cellId") or "here")

    def _make_room(self) -> None:
        """End the live query that this cell began when it was run before."""
        _end_query_of(self._place())

    def _show_live(
        self, query: Any, into: str | None, name: str | None, for_s: float | None
    ) -> LiveTable | None:
        """Show a query as a live table; with `into` wait for its end, and keep its rows."""
        _queries[self._place()] = query
        table = LiveTable(query)
        if not into:
            return table
        display(table)
        try:
            query.wait_for(lambda q: not q.running, (for_s or LONGEST_S) + 60)
        except KeyboardInterrupt:
            query.stop()
        query.stop()
        if query.state == "failed":
            raise SqlError(query.message)
        if len(query.rows) < query.total and query.total > MOST_ROWS:  # updates count in total
            say(f"{into} has the newest {len(query.rows):,} of {query.total:,} rows.")
        self._keep(into, query.frame())
        self._keep(name, table)
        return None


def refuse_endless_into(into: str | None, for_s: float | None, ends: str) -> None:
    """Refuse to wait for the end of a query that has none."""
    if into and not for_s:
        raise SqlError(f"--into waits for the query's end: give it one by {ends}.")


def _end_query_of(place: str) -> None:
    before = _queries.pop(place, None)
    if before is not None:
        before.stop()


def end_queries() -> None:
    """Stop the live queries of this kernel: their slots are free for others."""
    for place in list(_queries):
        _end_query_of(place)


atexit.register(end_queries)
