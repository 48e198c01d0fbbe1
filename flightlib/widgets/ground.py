"""The ground of a live map, as the browser needs it: land in both themes, and the airports."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flightlib import charts

NAMES_AT_HOME = 26  # airports named before zooming in, at most; three times as many have a dot
PLACES = {
    **dict.fromkeys(("us", "us-domestic"), " over the United States"),
    "europe": " over Europe",
    "north-atlantic": " over the North Atlantic",
    "world": " over the world",
}
GROUND_AROUND = 1.5  # how far land is drawn beyond the region, as a share of its size


@lru_cache(maxsize=8)
def ground(region: str | tuple[float, ...]) -> dict[str, Any]:
    """Give the land of a region in both themes: the specifications, and their data once."""
    box = charts.box_of(region)
    around = box.grown(GROUND_AROUND)
    everything = 10_000
    specs = {
        theme: charts.spec(charts.base_map(region, theme, names=everything, detail=around))
        for theme in charts.PALETTES
    }
    data = [layer.pop("data") for layer in specs["dark"]["layers"]]
    for layer in specs["light"]["layers"]:
        del layer["data"]
    airports = charts.airport_table("world")
    told = airports[["code", "iata", "name", "city", "longitude", "latitude"]]
    return {
        "home": list(box),
        "specs": specs,
        "data": data,
        "most": [None] * (len(data) - 2) + [3 * NAMES_AT_HOME, NAMES_AT_HOME],
        "airports": told.to_dict("records"),
    }


def place(region: str | tuple[float, ...]) -> str:
    """Say where a region is, after a number of flights; a box has no name."""
    return PLACES.get(str(region), "")
