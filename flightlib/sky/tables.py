"""Read the tables in `sky/data`: airports, routes, aircraft, operators."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flightlib.errors import SettingError, not_allowed

PRESETS = ("us-domestic", "europe", "north-atlantic", "world")
ALIASES = {"us": "us-domestic"}


@dataclass(frozen=True, slots=True)
class Airport:
    """One airport: ICAO code, name, position in degrees, and its share of the departures."""

    code: str
    name: str
    latitude: float
    longitude: float
    weight: float
    iata: str
    city: str
    country: str
    elevation_ft: float
    utc_offset_h: float


@dataclass(frozen=True, slots=True)
class AircraftType:
    """One type: ICAO code and the figures its flights are made of (`climb` is 1 for an A320)."""

    code: str
    mach: float
    cruise_ft: float
    approach_kt: float
    range_nm: float
    shortest_nm: float
    climb: float


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: codes, share of the preset's flights, hubs, and its fleet by type."""

    icao: str
    iata: str
    share: float
    loyalty: float
    registration: str
    hubs: tuple[str, ...]
    fleet: tuple[tuple[str, float], ...]


def check_preset(preset: str) -> str:
    """Give the full name of a preset; raises SettingError with the allowed ones for no preset."""
    name = ALIASES.get(preset, preset) if isinstance(preset, str) else preset
    if name not in PRESETS:
        raise SettingError(not_allowed("preset", preset, PRESETS))
    return name


@cache
def aircraft_types() -> dict[str, AircraftType]:
    """Read every aircraft type, by its code."""
    rows = (list(row.values()) for row in _rows("aircraft.csv"))
    return {row[0]: AircraftType(row[0], *map(float, row[1:])) for row in rows}


@cache
def operators(preset: str) -> tuple[Operator, ...]:
    """Read the operators of a preset."""
    rows = [row for row in _rows("operators.csv") if row["preset"] == preset]
    return tuple(
        Operator(
            icao=row["icao"],
            iata=row["iata"],
            share=float(row["share"]),
            loyalty=float(row["loyalty"]),
            registration=row["registration"],
            hubs=tuple(row["hubs"].split()),
            fleet=tuple(_shares(row["fleet"])),
        )
        for row in rows
    )


@cache
def airport_rows() -> dict[str, dict[str, str]]:
    """Read every airport's row, by its ICAO code."""
    return {row["icao"]: row for row in _rows("airports.csv")}


def us_flights() -> list[tuple[str, str, float]]:
    """Read the real routes of the US: two airports and the flights between them."""
    return [(row["a"], row["b"], float(row["flights"])) for row in _rows("routes_us.csv")]


def passengers(table: str, column: str = "passengers_m") -> dict[str, str]:
    """Read a column of a table of airports: passengers a year in millions, or a group."""
    return {row["icao"]: row[column] for row in _rows(table)}


def references(preset: str) -> dict[str, tuple[float, float, str]]:
    """Read what is known of real traffic: reference, tolerance and source of each figure."""
    return {
        row["figure"]: (float(row["reference"]), float(row["tolerance"]), row["source"])
        for row in _rows("reference.csv")
        if row["preset"] == preset
    }


def airport(code: str, weight: float) -> Airport:
    """Make an airport of its row and its share of the departures."""
    row = airport_rows()[code]
    return Airport(
        code=code,
        name=row["name"],
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
        weight=weight,
        iata=row["iata"],
        city=row["city"],
        country=row["country"],
        elevation_ft=float(row["elevation_ft"]),
        utc_offset_h=float(row["utc_offset_h"]),
    )


def _shares(text: str) -> Iterator[tuple[str, float]]:
    for part in text.split():
        code, share = part.split(":")
        yield code, float(share)


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("flightlib") / "sky" / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
