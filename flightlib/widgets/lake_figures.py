"""The figures of a dashboard, and all of it as one page that stands still. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from flightlib import charts
from flightlib.live import Answer
from flightlib.widgets import cells, lake_words, stills
from flightlib.widgets.ground import place
from flightlib.widgets.snapshot import Sheet

MOST_BARS = 8
CELL = 1.0  # degrees
DENSITY_MIN = 60
STILL_ROWS = 12
Size = tuple[int, int]


class Head:
    """One column of the table of reports: its name, its type and unit."""

    def __init__(self, name: str, type_: str) -> None:
        self.name, self.type = name, type_


HEADS = (
    Head("timestamp", "TIMESTAMP, UTC"),
    Head("flight_id", "VARCHAR"),
    Head("status", "VARCHAR"),
    Head("region", "VARCHAR"),
    Head("altitude", "INT, feet"),
    Head("latitude", "DOUBLE, °"),
    Head("longitude", "DOUBLE, °"),
)


def table_rows(table: pd.DataFrame, most: int | None = None) -> Sequence[Sequence[Any]]:
    """Give the rows of the table of reports as plain values."""
    shown = table[[head.name for head in HEADS]].head(len(table) if most is None else most)
    if len(shown):
        shown = shown.assign(timestamp=shown["timestamp"].dt.tz_localize(None))
    plain = shown.astype(object)
    rows: list[list[Any]] = plain.where(plain.notna(), None).to_numpy().tolist()
    return rows


def region_bars(table: pd.DataFrame, theme: str, size: Size, caption: str = "") -> Any:
    """Draw the flights of the busiest regions as bars; all others together would dwarf them."""
    number = table.set_index("region")["flights"].head(MOST_BARS)
    busiest = f", the busiest {MOST_BARS} of {len(table):,}" if len(table) > MOST_BARS else ""
    title = f"Flights by region{busiest}"
    return charts.counted_bars(number, "region", theme, size, title, caption)


def altitude_line(table: pd.DataFrame, theme: str, size: Size, caption: str = "") -> Any:
    """Draw the mean altitude of each minute as a line."""
    points = pd.DataFrame({"x": table["minute"], "y": table["avg_altitude"], "line": "all"})
    title = "Mean altitude by minute, ft"
    return charts.lines(points, None, theme, size, title=title, caption=caption)


def still(answers: Sequence[Answer], region: str | tuple[float, ...], theme: str) -> Sheet:
    """Put rows, bars, line and cells on one page: it needs no kernel and no network."""
    rows_of, regions, by_minute, density = answers
    rows = table_rows(rows_of.table, STILL_ROWS)
    caption = f"{stills.moment()} · {lake_words.line(rows_of)}"
    density_title = f"Flights of the last hour{place(region)}"
    density_figure = charts.cell_map(
        charts.stepped(density.table), CELL, region, theme, title=density_title, caption=caption
    )
    half = (450, 270)
    pictures = {
        "Flights by region": (region_bars(regions.table, theme, half), "50%"),
        "Mean altitude by minute": (altitude_line(by_minute.table, theme, half), "50%"),
        density_title: (density_figure, "100%"),
    }
    drawn = "".join(
        _picture(charts.svg(figure), words, width) for words, (figure, width) in pictures.items()
    )
    look = f"background:{charts.palette(theme).panel};border-radius:8px;overflow:hidden"
    return Sheet(
        stills.table(HEADS, rows, caption, theme)
        + f'<div style="display:flex;flex-wrap:wrap;margin-top:8px;{look}">{drawn}</div>',
        "\n".join([cells.text_table(HEADS, rows), caption, *_in_words(regions, by_minute)]),
    )


def _picture(svg: str, words: str, width: str) -> str:
    """Put a picture into the page as an image: a notebook that is not trusted shows it too."""
    data = base64.b64encode(svg.encode()).decode()
    source = f"data:image/svg+xml;base64,{data}"
    return f'<img src="{source}" alt="{escape(words)}" style="width:{width};margin:0">'


def _in_words(regions: Answer, by_minute: Answer) -> list[str]:
    """Say what the pictures show."""
    busy = ", ".join(f"{row.region} {row.flights:,}" for row in regions.table.head(5).itertuples())
    last = by_minute.table.tail(1)["avg_altitude"]
    mean = "".join(f" · mean altitude of the last minute {feet:,.0f} ft" for feet in last)
    return [f"busiest regions: {busy or 'none'}{mean}"]
