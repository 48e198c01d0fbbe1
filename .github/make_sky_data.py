"""Regenerate the sky's airport and route tables from their public sources.

Usage, from the top of the checkout, in an environment of its own:

    pip install airportsdata tzdata
    npm pack vega-datasets && tar xzf vega-datasets-*.tgz
    python .github/make_sky_data.py package/data/flights-airport.csv

Writes flightlib/sky/data/airports.csv and routes_us.csv. The other tables there are our own.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from datetime import datetime, timezone
from math import acos, cos, radians, sin
from pathlib import Path
from zoneinfo import ZoneInfo

import airportsdata

DATA = Path(__file__).resolve().parent.parent / "flightlib" / "sky" / "data"
COLUMNS = ["icao", "iata", "name", "city", "country"]
COLUMNS += ["latitude", "longitude", "elevation_ft", "utc_offset_h"]
OURS = ("europe.csv", "north_atlantic.csv", "world.csv")
SHORTEST_NM = 60
# Panama City's old airport closed in 2010; its traffic moved to the new one.
MOVED = {"PFN": "ECP"}


def main(flights_airport: str) -> None:
    by_iata, by_icao = airportsdata.load("IATA"), airportsdata.load("ICAO")
    routes = read_routes(flights_airport, by_iata)
    ours = {row["icao"] for name in OURS for row in read(DATA / name)}
    codes = sorted({code for route in routes for code in route} | ours)
    write("airports.csv", COLUMNS, [airport_row(by_icao[code]) for code in codes])
    rows = [(*route, flights) for route, flights in sorted(routes.items())]
    write("routes_us.csv", ["a", "b", "flights"], rows)


def read_routes(path: str, by_iata: dict[str, dict]) -> Counter[tuple[str, str]]:
    """Flights between two airports in 2008, both directions together, too short hops left out."""
    routes: Counter[tuple[str, str]] = Counter()
    for row in read(Path(path)):
        ends = [by_iata[MOVED.get(row[k], row[k])] for k in ("origin", "destination")]
        if distance_nm(*ends) >= SHORTEST_NM:
            routes[tuple(sorted(end["icao"] for end in ends))] += int(row["count"])
    return routes


def airport_row(airport: dict) -> list[object]:
    winter = datetime(2025, 1, 15, tzinfo=timezone.utc)
    offset = winter.astimezone(ZoneInfo(airport["tz"])).utcoffset()
    return [
        airport["icao"],
        airport["iata"],
        " ".join(airport["name"].split()),
        airport["city"],
        airport["country"],
        round(airport["lat"], 5),
        round(airport["lon"], 5),
        round(airport["elevation"]),
        offset.total_seconds() / 3600,
    ]


def distance_nm(a: dict, b: dict) -> float:
    lat_a, lat_b = radians(a["lat"]), radians(b["lat"])
    across = cos(lat_a) * cos(lat_b) * cos(radians(a["lon"] - b["lon"]))
    return 3440.065 * acos(min(1.0, sin(lat_a) * sin(lat_b) + across))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(name: str, columns: list[str], rows: list) -> None:
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


if __name__ == "__main__":
    main(sys.argv[1])
