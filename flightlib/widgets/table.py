"""The live table: the rows of a running query, as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flightlib.errors import SettingError, StreamError
from flightlib.widgets import cells, stills
from flightlib.widgets.live_widget import LiveWidget
from flightlib.widgets.protocols import Query, is_whole
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Sheet
from flightlib.widgets.sources import QuerySource

MOST_ROWS = 200  # in the browser
STILL_ROWS = 20  # in a snapshot


class LiveTable(LiveWidget):
    """Watch a query's rows come in: `LiveTable(query)` as a cell's last line.

    The newest `rows` (1 to 200) are kept in view, on `height` pixels; of a query that is asked anew
    (`%%trino --live`) they are the first of its result. The line below says how many there are in
    all. The kernel stays free meanwhile, and the Stop button ends the query. `theme` is "auto"
    (follow JupyterLab), "dark" or "light".

    Raises SettingError for an argument that is not allowed.
    """

    def __init__(
        self, query: Query, height: int = 320, rows: int = MOST_ROWS, theme: str = "auto"
    ) -> None:
        if not isinstance(query, Query):
            raise SettingError(
                f"A table shows a running query, not {query!r}. Make one with `%%flink` and SELECT."
            )
        if not 1 <= rows <= MOST_ROWS:
            raise SettingError(f"rows cannot be {rows!r}; allowed: 1 to {MOST_ROWS}.")
        self.query, self._rows, self._whole = query, rows, is_whole(query)
        self._source = QuerySource(query)
        super().__init__(self._source, theme, height)

    def _content(self) -> dict[str, Any]:
        return {"kind": "table", "source": "query", "most": self._rows, "whole": self._whole}

    def _frame(self, picture: Sequence[tuple[Any, ...]]) -> Message:
        rows = cells.words(self._shown(picture, self._rows))
        return {"type": "frame", "columns": cells.heads(self.query.columns), "rows": rows}, []

    def _shown(self, picture: Sequence[tuple[Any, ...]], most: int) -> Sequence[tuple[Any, ...]]:
        return picture[:most] if self._whole else picture[-most:]

    def _line(self) -> str:
        told = self._source.told()
        message = f" · {told['message']}" if told["message"] else ""
        return f"{told['state']} · {told['total']:,} rows{message}"

    def snapshot(self, within_s: float = 120.0) -> Sheet:
        """Keep the newest rows as a still table: it stays in the notebook without a kernel.

        Waits up to `within_s` seconds for the first row. Raises StreamError, saying why, when none
        came.
        """
        await_rows(self.query, within_s)
        rows = self._shown(self.query.rows, min(self._rows, STILL_ROWS))
        caption = stills.rows_caption(self.query, len(rows))
        return Sheet(
            stills.table(self.query.columns, rows, caption, self._worn),
            f"{cells.text_table(self.query.columns, rows)}\n{caption}",
        )

    def _stop_pressed(self) -> None:
        self._source.stopper.start()


def await_rows(query: Query, within_s: float) -> None:
    """Wait for a query's first row; raises StreamError, saying why, when none came."""
    query.wait_for(lambda q: bool(q.total) or not q.running, within_s)
    if not query.rows:
        within = f" within {within_s:g} s" if query.running else ""
        why = query.message or f"The query is {query.state}."
        raise StreamError(f"No row came{within}. {why[:1].upper()}{why[1:]}")
