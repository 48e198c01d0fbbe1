"""From a report's own time to its aircraft on the screen: Kafka, backend, kernel, browser."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pandas as pd

from flightlib.errors import MeasureError
from flightlib.kafka import Reader, offsets_at, watermarks
from flightlib.measure.bench import Bench
from flightlib.measure.chromium import apart
from flightlib.measure.drawn import Drawn
from flightlib.measure.figure import KAFKA, Figure, Found, Goal, percentiles
from flightlib.measure.lab import SHARED, lab
from flightlib.settings import Settings

TOPIC = "flights"
CELLS = ("%load_ext flightlib", "import flightlib as fl\nfl.LiveMap()")
WARM_S = 5.0
STAGES = {
    "event to frame": ("newest_ms", "at_ms"),
    "frame to sent": ("at_ms", "sent_ms"),
    "sent to browser": ("sent_ms", "heard_ms"),
    "browser to drawing": ("heard_ms", "begun_ms"),
    "drawing to screen": ("begun_ms", "drawn_ms"),
}


def measure(bench: Bench, flights: int = 1000, seconds: float = 60.0) -> Found:
    """Measure in JupyterLab: a map as a notebook shows it, beside a sky that reports each second.

    A report's latency is from its own timestamp to the moment when it was first on the screen. The
    stages are those of the newest report in each frame. Reports that a newer one replaced before
    the next frame are not drawn, and so not measured.
    """
    settings = bench.settings
    start_ms = time.time_ns() // 1_000_000
    sky = bench.process("flightlib", "generate", "--flights", str(flights))
    try:
        frames, reports = apart(lambda: _look(bench, seconds, flights))
    finally:
        bench.end(sky)
    published = _published(settings, start_ms)
    drawn = set(zip(reports.flight_id, reports.timestamp, strict=True))
    samples = samples_of(frames, reports)
    counts = {
        "reports drawn that were published": (len(drawn), len(drawn & published)),
    }
    return Found(samples, numbers_of(samples, frames), counts, NOTES)


def _look(bench: Bench, seconds: float, flights: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    with lab(bench, CELLS) as opened:
        opened.run_all()
        opened.live(flights // 2)
        drawn = Drawn(opened, each=True)
        opened.wait(min(WARM_S, seconds))  # the first frames draw what lay waiting
        drawn.take()
        opened.wait(seconds)
        frames, reports = drawn.take()
        if opened.failures:
            raise MeasureError(f"The page failed: {opened.failures[0]}")
    return frames, reports


NOTES = (
    "The screen is reached when the page's next frame begins: this one has then been painted.",
    "The map asks for a frame a second, so a report waits up to a second for its frame.",
)


def _published(settings: Settings, start_ms: int) -> set[tuple[str, int]]:
    """Read who reported when, from Kafka itself, since a time (epoch ms)."""
    ends = {p: high for p, (_, high) in watermarks(TOPIC, settings).items()}
    reader = Reader(TOPIC, offsets_at(settings, TOPIC, start_ms), settings)
    found: set[tuple[str, int]] = set()
    try:
        while any(reader.reached.get(p, -1) < end for p, end in ends.items()):
            for taken in reader.take(1.0):
                if taken.report is not None:
                    found.add((taken.report["flight_id"], taken.report["timestamp"]))
    finally:
        reader.close()
    return found


def samples_of(frames: pd.DataFrame, reports: pd.DataFrame) -> pd.DataFrame:
    """Give a row for each report and its latency, and one for each frame and stage of it."""
    drawn_ms = frames.drawn_ms.reindex(reports.frame).to_numpy()
    rows = [pd.DataFrame({"stage": "report to screen", "latency_s": drawn_ms - reports.timestamp})]
    for stage, (begun, ended) in {**STAGES, "newest to screen": ("newest_ms", "drawn_ms")}.items():
        rows.append(pd.DataFrame({"stage": stage, "latency_s": frames[ended] - frames[begun]}))
    samples = pd.concat(rows, ignore_index=True)
    samples["latency_s"] /= 1000
    return samples


def numbers_of(samples: pd.DataFrame, frames: pd.DataFrame) -> Mapping[str, float]:
    """Compute the percentiles, and what each stage takes."""
    of = {stage: rows.latency_s for stage, rows in samples.groupby("stage")}
    newest = percentiles(of["newest to screen"], "s")
    spent_s = (frames.drawn_ms.iloc[-1] - frames.drawn_ms.iloc[0]) / 1000
    stages = {
        f"{stage.replace(' ', '_')}_{name}": value
        for stage in STAGES
        for name, value in percentiles(of[stage], "s").items()
        if name in ("p50_s", "p99_s")
    }
    return {
        **percentiles(of["report to screen"], "s"),
        **{f"newest_{name}": value for name, value in newest.items()},
        **stages,
        "frames_per_s": (len(frames) - 1) / spent_s,
        "reports": float(len(of["report to screen"])),
    }


FIGURE = Figure(
    "pixel",
    "report to the screen in JupyterLab, 1,000 flights",
    measure,
    (Goal("p99_s", "p99 below 1.5 s", most=1.5),),
    quick={"flights": 200, "seconds": 2.0},
    needs=KAFKA,
    shares=SHARED,
)
