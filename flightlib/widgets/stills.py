"""Tables and facts as HTML that stands still: what an executed notebook keeps. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from flightlib import charts
from flightlib.widgets import cells
from flightlib.widgets.protocols import Column, Query, is_whole

FONT = "Inter,'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif"


def moment() -> str:
    """Say when a still picture is taken."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())


def rows_caption(query: Query, shown: int) -> str:
    """Say how many rows a query has, how many of them are shown, and how it stands."""
    of = f"the {'first' if is_whole(query) else 'newest'} {shown} of {query.total:,} rows"
    count = of if shown < query.total else f"{shown} row{'' if shown == 1 else 's'}"
    message = f" · {query.message.rstrip('. ')}" if query.message else ""
    return f"{count} · {query.state}{message} · {moment()}"


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[Any]], caption: str, theme: str
) -> str:
    """Draw rows as an HTML table with a caption; every word of it is only text."""
    chosen = charts.palette(theme)
    sides = ["right" if cells.is_number(column) else "left" for column in columns]
    head = (
        f"{escape(c.name)}<br><span style='font-weight:400;color:{chosen.faint}'>"
        f"{escape(c.type)}</span>"
        for c in columns
    )
    body = [[escape("NULL" if w is None else w) for w in row] for row in cells.words(rows)]
    lines = "".join(_row("td", row, sides, f"1px solid {chosen.state}") for row in body)
    top = _row("th", head, sides, f"2px solid {chosen.coast}")
    return sheet(f"<table style='{_TABLE}'>{top}{lines}</table>", caption, theme)


_TABLE = (
    "width:100%;table-layout:auto;border-collapse:collapse;font-variant-numeric:tabular-nums;"
    "color:inherit;margin:0"
)


def _row(tag: str, row: Iterable[str], sides: Iterable[str], line: str) -> str:
    style = f"border:0;border-bottom:{line};padding:4px 14px;background:transparent;color:inherit"
    told = (
        f"<{tag} style='{style};text-align:{side}'>{cell}</{tag}>"
        for cell, side in zip(row, sides, strict=True)
    )
    return f"<tr style='background:transparent'>{''.join(told)}</tr>"


def sheet(body: str, caption: str, theme: str) -> str:
    """Put HTML on a panel in the colours of a theme, with a line below it."""
    chosen = charts.palette(theme)
    look = f"background:{chosen.panel};color:{chosen.ink};border-radius:8px;overflow-x:auto"
    foot = f"padding:8px 14px 2px;color:{chosen.faint}"
    return (
        f'<div style="{look};padding:8px 0 10px;font:13px/1.45 {FONT}">'
        f'{body}<div style="{foot}">{escape(caption)}</div></div>'
    )
