"""What was measured, on disk: raw samples as CSV, and one file that says what they came to."""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from flightlib.errors import SettingError
from flightlib.measure.catalogue import NAMES, figure
from flightlib.measure.figure import Found
from flightlib.measure.outcome import Outcome, Outcomes
from flightlib.measure.thin import thinned

SUMMARY = "measured.json"
COUNTED = 10_000_000


def machine() -> dict[str, Any]:
    """Say what machine this is: its cores, its memory in GB, its system, the day (UTC), its pace.

    The pace is `count_s`: a virtual machine that shares its processor is not equally fast at all
    hours.
    """
    return {
        "cores": os.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "day": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "count_s": count_s(),
    }


def count_s() -> float:
    """Tell how long Python takes to count to ten million on one core, in seconds."""
    begun_s = time.perf_counter()
    for _ in range(COUNTED):
        pass
    return round(time.perf_counter() - begun_s, 3)


def keep(outcomes: Outcomes, folder: Path, most: int | None = None) -> None:
    """Write each figure's samples to FIGURE.csv, and what they came to to measured.json.

    Of more than `most` samples so many are kept, chosen as `thinned` does; the numbers stay those
    of all samples. Without `most` all are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for one in outcomes:
        if one.found is not None:
            rows = one.found.samples if most is None else thinned(one.found.samples, most)
            rows.to_csv(folder / f"{one.figure.name}.csv", index=False)
    write(outcomes, folder / SUMMARY)


def write(outcomes: Outcomes, path: Path) -> None:
    """Write what was measured, without the samples, to one file."""
    where = outcomes.machine or machine()
    told = {"machine": where, "figures": {one.figure.name: _told(one) for one in outcomes}}
    path.write_text(json.dumps(told, indent=2, default=str) + "\n", encoding="utf-8")


def _told(one: Outcome) -> dict[str, Any]:
    common = {"quick": one.quick, "options": dict(one.options), "trouble": one.trouble}
    if one.found is None:
        return common
    counts = {name: list(pair) for name, pair in one.found.counts.items()}
    numbers = {name: float(value) for name, value in one.found.numbers.items()}
    return {**common, "numbers": numbers, "counts": counts, "notes": list(one.found.notes)}


def read(place: Path | str = "measured") -> Outcomes:
    """Read what was measured before, samples included where their files are still there.

    `place` is the folder, or a file such as its measured.json under another name, which has the
    numbers alone. A figure that there is no more is left out. Raises SettingError when nothing was
    measured there, or the file is none of these.
    """
    path = Path(place)
    path, samples = (path / SUMMARY, path) if path.suffix != ".json" else (path, None)
    if not path.is_file():
        raise SettingError(f"There is no {path}. Measure first: `flightlib measure --out {place}`.")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        figures = {name: one for name, one in told["figures"].items() if name in NAMES}
        outcomes = [_outcome(name, one, samples) for name, one in figures.items()]
        return Outcomes(outcomes, told["machine"])
    except (ValueError, LookupError, TypeError, AttributeError):
        raise SettingError(
            f"{path} is not what `flightlib measure` writes. Measure anew: "
            f"`flightlib measure --out {path.parent}`."
        ) from None


def _outcome(name: str, told: dict[str, Any], folder: Path | None) -> Outcome:
    common = {"trouble": told["trouble"], "quick": told["quick"], "options": told["options"]}
    if "numbers" not in told:
        return Outcome(figure(name), None, **common)
    path = folder / f"{name}.csv" if folder else None
    samples = pd.read_csv(path) if path and path.is_file() else pd.DataFrame()
    counts = {count: (pair[0], pair[1]) for count, pair in told["counts"].items()}
    found = Found(samples, told["numbers"], counts, tuple(told["notes"]))
    return Outcome(figure(name), found, **common)
