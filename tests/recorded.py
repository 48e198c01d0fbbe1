"""Recordings of a simulated sky: flightlib's own, and in the shapes that others use."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd

from flightlib.records import FlightReport
from flightlib.replay import Recording
from flightlib.replay.columns import to_table
from flightlib.replay.draft import Draft
from flightlib.sky import Sky

BEGIN_MS = 1_764_000_000_000
M_PER_FT, M_S_PER_KT = 0.3048, 1852 / 3600


def a_sky(flights: int = 20, seconds: float = 60, late_share: float = 0.0) -> list[FlightReport]:
    """The reports of a small sky, in the order of their publication."""
    until_ms = BEGIN_MS + round(seconds * 1000)
    sky = Sky(flights, seed=11)
    return list(sky.reports(BEGIN_MS, until_ms=until_ms, late_share=late_share))


def keep(reports: Iterable[FlightReport], path: Path, **facts: Any) -> Recording:
    """Write a recording of reports, played in the order given."""
    rows = [
        {**asdict(report), "written_ms": BEGIN_MS + n, "partition": 0, "offset": n}
        for n, report in enumerate(reports)
    ]
    table, skipped = to_table(rows)
    draft = Draft(path)
    draft.add(table)
    return draft.finish("topic flights", {**skipped, **facts})


def shifted(report: FlightReport, by_ms: int) -> FlightReport:
    """The same report at another time."""
    names = ("scheduled_off", "actual_off", "estimated_on", "timestamp")
    times = {n: getattr(report, n) for n in names}
    return replace(report, **{n: t if t is None else t + by_ms for n, t in times.items()})


def seen(reports: Iterable[FlightReport]) -> Iterator[FlightReport]:
    """What a receiver would see of a sky: no announcement of a cancelled flight."""
    return (report for report in reports if report.status != "CANCELLED")


def address(report: FlightReport) -> str:
    """The 24-bit address that an aircraft of the sky might have."""
    return f"{crc32((report.registration or '').encode()) % 2**24:06x}"


def grounded(report: FlightReport) -> bool:
    """Whether an aircraft is on the ground."""
    return report.phase in ("TAXI", "LANDED")


def as_traffic(reports: Iterable[FlightReport]) -> pd.DataFrame:
    """Columns of the traffic library."""
    return pd.DataFrame(
        {
            "timestamp": pd.to_datetime(r.timestamp, unit="ms", utc=True),
            "icao24": address(r),
            "callsign": r.callsign,
            "latitude": r.latitude,
            "longitude": r.longitude,
            "altitude": float(r.altitude),
            "groundspeed": r.ground_speed,
            "track": r.heading,
            "vertical_rate": r.vertical_speed,
            "onground": grounded(r),
        }
        for r in seen(reports)
    )


def as_states(reports: Iterable[FlightReport]) -> pd.DataFrame:
    """Columns of OpenSky's hourly files."""
    return pd.DataFrame(
        {
            "time": r.timestamp // 1000,
            "icao24": address(r),
            "lat": r.latitude,
            "lon": r.longitude,
            "velocity": r.ground_speed * M_S_PER_KT,
            "heading": r.heading,
            "vertrate": r.vertical_speed * M_PER_FT / 60,
            "callsign": f"{r.callsign:<8}",
            "onground": grounded(r),
            "baroaltitude": r.altitude * M_PER_FT,
            "geoaltitude": (r.altitude + 300) * M_PER_FT,
            "lastcontact": r.timestamp / 1000,
        }
        for r in seen(reports)
    )


def as_rest(reports: Iterable[FlightReport]) -> dict[str, Any]:
    """One answer of OpenSky's REST API."""
    states = [
        [
            *(address(r), f"{r.callsign:<8}", "United States"),
            *(r.timestamp // 1000, r.timestamp // 1000, r.longitude, r.latitude),
            *(r.altitude * M_PER_FT, grounded(r), r.ground_speed * M_S_PER_KT, r.heading),
            *(
                r.vertical_speed * M_PER_FT / 60,
                None,
                (r.altitude + 300) * M_PER_FT,
                None,
                False,
                0,
            ),
        ]
        for r in seen(reports)
    ]
    return {"time": BEGIN_MS // 1000, "states": states}


def as_trace(reports: Iterable[FlightReport], zipped: bool = False) -> bytes:
    """The trace of one aircraft, as readsb writes it; its callsign comes with the first point."""
    own = list(seen(reports))
    points = [
        [
            *((r.timestamp - BEGIN_MS) / 1000, r.latitude, r.longitude),
            *("ground" if grounded(r) else r.altitude, r.ground_speed, r.heading, 0),
            *(r.vertical_speed, None if n else {"type": "adsb_icao", "flight": f"{r.callsign:<8}"}),
        ]
        for n, r in enumerate(own)
    ]
    head = {"icao": address(own[0]), "r": own[0].registration, "t": own[0].aircraft_type}
    text = json.dumps({**head, "timestamp": BEGIN_MS / 1000, "trace": points}).encode()
    return gzip.compress(text) if zipped else text
