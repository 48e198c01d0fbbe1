"""The live map in a browser: how many frames a second it draws, and whether its memory grows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from flightlib.errors import MeasureError
from flightlib.live import Stream
from flightlib.measure.bench import Bench
from flightlib.measure.chromium import apart
from flightlib.measure.drawn import Drawn
from flightlib.measure.figure import KAFKA, Figure, Found, Goal, percentiles
from flightlib.measure.lab import SHARED, Lab, lab

EVERY_S = 0.25  # the most frames that a stream gives: four a second
CELLS = ("%load_ext flightlib", f"import flightlib as fl\nfl.LiveMap(every={EVERY_S})")
SIZES = (100, 1000, 5000, 10_000)
EACH_S = 12.0
WARM_S = 4.0
HEAP_EVERY_S = 5.0
MOST_PER_S = 5000
SPARE = 1.15  # a sky's aircraft are as many as was asked for on average: never fewer are wanted
SAME_WITHIN_S = 30.0
NOTES = (
    "A frame's time is from the begin of its drawing to the page's next frame.",
    f"Up to {MOST_PER_S:,} aircraft report once a second, more of them less often: "
    "the pace is then set by the map, not by the reader of Kafka in the same kernel.",
    f"The stream gives a frame each {EVERY_S:g} s: more than {1 / EVERY_S:g} a second never come.",
    "The heap is what the page's scripts hold after garbage collection, JupyterLab's included; "
    "its slope is that of the second half of the time.",
)


def measure(
    bench: Bench, flights: int = 5000, seconds: float = 150.0, sizes: Sequence[int] = SIZES
) -> Found:
    """Measure one page of JupyterLab whose map shows ever more aircraft.

    Each reports once a second; more than 5,000 as often as makes 5,000 reports a second in all.
    Each of `sizes` is looked at for some seconds, `flights` for as many `seconds` as are asked for:
    there the heap is watched.
    """
    steps = [(n, seconds if n == flights else EACH_S) for n in sorted({*sizes, flights})]
    return apart(lambda: _measure(bench, steps, flights))


def _measure(bench: Bench, steps: Sequence[tuple[int, float]], watched: int) -> Found:
    rows: list[pd.DataFrame] = []
    counts: dict[str, tuple[int, int]] = {}
    notes = list(NOTES)
    with lab(bench, CELLS) as opened:
        opened.run_all()
        for flights, seconds in steps:
            bench.say(f"{flights:,} aircraft for {seconds:g} s")
            try:
                looked, same = _step(bench, opened, flights, seconds, flights == watched)
            except MeasureError as error:
                if flights == watched:
                    raise
                # What the other sizes came to is not lost with this one.
                looked, same = [], (flights, int(opened.says().get("flights", 0)))
                notes.append(f"{flights:,} aircraft could not be measured: {error}")
            rows += [table.assign(aircraft=flights) for table in looked]
            counts[f"aircraft drawn of {flights}"] = same
        if opened.failures:
            raise MeasureError(f"The page failed: {opened.failures[0]}")
    samples = pd.concat(rows, ignore_index=True)
    return Found(samples, numbers_of(samples, watched), counts, tuple(notes))


def _step(
    bench: Bench, opened: Lab, flights: int, seconds: float, heap: bool
) -> tuple[list[pd.DataFrame], tuple[int, int]]:
    """Look at one size; then compare what is drawn with what the backend holds."""
    asked, interval_s = str(round(flights * SPARE)), str(interval_s_of(flights))
    sky = bench.process("flightlib", "generate", "--flights", asked, "--interval", interval_s)
    try:
        opened.live(flights)
        drawn = Drawn(opened)
        opened.wait(bench.warm_s(WARM_S, seconds))
        drawn.take()
        looked = list(_look(opened, drawn, seconds, heap))
    finally:
        bench.end(sky)
    return looked, _same(bench, opened, drawn)


def interval_s_of(flights: int) -> float:
    """Give the seconds between reports of a flight: one, and more where Kafka would be too fast.

    Above so many reports a second the kernel, which reads them for the map, sets the pace.
    """
    return max(1.0, flights / MOST_PER_S)


def _look(opened: Lab, drawn: Drawn, seconds: float, heap: bool) -> Iterator[pd.DataFrame]:
    """Give the frames, and the heap beside them, as they come: nothing piles up in the page."""
    began_s = time.time()
    while (gone_s := time.time() - began_s) < seconds:
        if heap:
            held = {"what": ["heap"], "at_s": [gone_s], "heap_mb": [opened.heap_mb()]}
            yield pd.DataFrame(held)
        opened.wait(min(HEAP_EVERY_S, seconds - gone_s))
        frames, _ = drawn.take()
        yield frame_rows(frames, began_s)


def frame_rows(frames: pd.DataFrame, began_s: float) -> pd.DataFrame:
    """Give of each frame when it was on the screen, how long it took, and of how many rows."""
    return pd.DataFrame(
        {
            "what": "frame",
            "at_s": frames.drawn_ms / 1000 - began_s,
            "frame_ms": frames.drawn_ms - frames.begun_ms,
            "rows": frames["rows"],
        }
    )


def _same(bench: Bench, opened: Lab, drawn: Drawn) -> tuple[int, int]:
    """Compare, once nobody publishes, what is on the screen with what the backend streams."""
    url = f"http://127.0.0.1:{bench.settings.backend_port}/flights/sse"
    stream = Stream(url).start()
    try:
        stream.wait_for(lambda s: len(s.flights) > 0)

        def both() -> tuple[int, int]:
            held = {(name, one["timestamp"]) for name, one in stream.flights.items()}
            shown = drawn.last()
            return len(held | shown), len(held & shown)

        deadline_s = time.monotonic() + SAME_WITHIN_S
        while (found := both())[0] != found[1] and time.monotonic() < deadline_s:
            opened.wait(0.5)
        return found
    finally:
        stream.stop()


def numbers_of(samples: pd.DataFrame, watched: int) -> Mapping[str, float]:
    """Compute frames a second and the time of a frame for each size, and how the heap grows."""
    numbers: dict[str, float] = {}
    for size, rows in samples[samples.what == "frame"].groupby("aircraft"):
        time_ms = percentiles(rows.frame_ms, "ms")
        spent_s = rows.at_s.max() - rows.at_s.min()
        numbers[f"aircraft_{size}_frames_per_s"] = (len(rows) - 1) / spent_s
        numbers |= {f"aircraft_{size}_{name}": time_ms[name] for name in ("p50_ms", "p95_ms")}
    heap = samples[samples.what == "heap"]
    watched_rate = numbers.get(f"aircraft_{watched}_frames_per_s", float("nan"))
    return {
        "frames_per_s": watched_rate,
        "heap_mb_per_min": slope_per_min(heap.at_s, heap.heap_mb),
        "heap_mb": float(heap.heap_mb.iloc[-1]),
        **numbers,
    }


def slope_per_min(at_s: Sequence[float], values: Sequence[float]) -> float:
    """Give how much values grow in a minute, over the second half of the time.

    Of fewer than three values in that half it is nan.
    """
    at, held = np.asarray(at_s, dtype=float), np.asarray(values, dtype=float)
    late = at >= (at.min() + at.max()) / 2 if len(at) else at > 0
    if late.sum() < 3:
        return float("nan")
    return float(np.polyfit(at[late] / 60, held[late], 1)[0])


FIGURE = Figure(
    "map",
    "live map in a browser, 5,000 aircraft",
    measure,
    (
        Goal("frames_per_s", "at least 2 frames a second", least=2),
        Goal("heap_mb_per_min", "heap grows by less than 1 MB a minute", most=1),
    ),
    quick={"flights": 300, "seconds": 2.0, "sizes": ()},
    needs=KAFKA,
    shares=SHARED,
)
