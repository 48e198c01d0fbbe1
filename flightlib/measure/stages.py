"""From what was noted to latencies: which way a report went, and how long each part of it took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flightlib.backend.filters import Filter
from flightlib.backend.hub import picture
from flightlib.measure.crowd import Event
from flightlib.measure.looks import Look

Samples = dict[str, npt.NDArray[np.float64]]

MOST = 20_000
"""How many samples of a kind are kept at most; of more, so many quantiles."""
FRESH_MS = 30_000
TOTAL = "total"


def shown(events: Iterable[Event]) -> pd.DataFrame:
    """List the reports a client was shown: flight_id, event_ms, and seq, sent_ms of the event.

    What the first snapshot shows was there before the client, and is left out.
    """
    known: set[tuple[str, int]] = set()
    rows: list[tuple[str, int, int, int]] = []
    began = False
    for event in events:
        told = event.data
        if "flights" not in told:
            continue
        new = {(f["flight_id"], f["timestamp"]) for f in told["flights"]} - known
        if began:
            rows += [(*one, told["seq"], told["sent_ms"]) for one in sorted(new)]
        known |= new
        began = True
    numbers = dict.fromkeys(("event_ms", "seq", "sent_ms"), "int64")
    table: pd.DataFrame = pd.DataFrame(rows, columns=["flight_id", *numbers]).astype(numbers)
    return table


def final(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Give the picture that a client ends with: flight_id to flight."""
    flights: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.name == "snapshot":
            flights = {}
        flights |= {f["flight_id"]: f for f in event.data.get("flights", ())}
        for flight_id in event.data.get("gone", ()):
            flights.pop(flight_id, None)
    return flights


def latencies(look: Look, kept: int, clients: Sequence[int]) -> Samples:
    """Tell in seconds, by stage, how long each report took to each of some clients of one stream.

    `kept` is the one of them that kept all it was sent. The stages: publisher (event time to
    Kafka's client), Flink (if it is between: written to written), Kafka (until a reader has it),
    frame (until the frame is encoded), client; and the total. A client that never got a report
    has nan.
    """
    seen = shown(look.receipts.of(kept))
    seen = _with_kafka(seen[seen.sent_ms.between(look.begin_ms, look.end_ms)], look)
    seqs, place = np.unique(seen.seq, return_inverse=True)
    arrived_s = look.receipts.arrivals(seqs)[np.asarray(clients)]
    event_s, sent_s = seen.event_ms.to_numpy() / 1000, seen.sent_ms.to_numpy() / 1000
    written_s = [seen[topic].to_numpy() / 1000 for topic in look.reports]
    frame_s = seen.groupby("seq").sent_ms.first().to_numpy() / 1000
    return {
        "publisher": written_s[0] - event_s,
        **({"Flink": written_s[1] - written_s[0]} if len(written_s) > 1 else {}),
        "Kafka": seen.came_s.to_numpy() - written_s[-1],
        "frame": sent_s - seen.came_s.to_numpy(),
        "client": (arrived_s - frame_s).ravel(),
        TOTAL: (arrived_s[:, place] - event_s).ravel(),
    }


def _with_kafka(seen: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Add when each report was written to each topic (epoch ms), and when it came from the last."""
    which = ["flight_id", "event_ms"]
    for topic, reports in look.reports.items():
        named = reports.drop_duplicates(which).rename(columns={"written_ms": topic})
        columns = [*which, topic, "came_s"]
        seen = seen.drop(columns="came_s", errors="ignore").merge(named[columns], on=which)
    return seen


def joined(parts: Iterable[Samples]) -> Samples:
    """Put the samples of several streams together, stage by stage."""
    found: dict[str, list[npt.NDArray[np.float64]]] = {}
    for part in parts:
        for stage, values in part.items():
            found.setdefault(stage, []).append(values)
    return {stage: np.concatenate(values) for stage, values in found.items()}


def thinned(values: npt.NDArray[np.float64], most: int = MOST) -> npt.NDArray[np.float64]:
    """Keep so many of the values that all their percentiles stay: evenly chosen from low to high.

    What is nan is left out.
    """
    ordered = np.sort(values[~np.isnan(values)])
    if len(ordered) > most:
        ordered = ordered[np.round(np.linspace(0, len(ordered) - 1, most)).astype(int)]
    return ordered


def as_frame(samples: Samples, **told: Any) -> pd.DataFrame:
    """Make a table of samples: stage, latency_s, and what else is to be told of each."""
    rows = [
        pd.DataFrame({"stage": stage, "latency_s": np.round(thinned(values), 4), **told})
        for stage, values in samples.items()
    ]
    return pd.concat(rows, ignore_index=True)


def middles(stages: Mapping[str, pd.Series[float]]) -> dict[str, float]:
    """Give the median of each stage, named by it ("client_p50_s")."""
    return {f"{stage.lower()}_p50_s": float(one.median()) for stage, one in stages.items()}


def counted(
    look: Look, groups: Mapping[int, tuple[Filter, Sequence[int]]]
) -> dict[str, tuple[int, int]]:
    """Count what must be so however slow all is: nobody dropped, everybody has the whole picture.

    `groups` gives, for each client that kept all, its filter and all clients with the same.
    """
    everybody = sum(len(clients) for _, clients in groups.values())
    current = expected = found = wrong = 0
    last = look.receipts.events.groupby("client").seq.max()
    for kept, (chosen, clients) in groups.items():
        events = list(look.receipts.of(kept))
        seen = shown(events)
        newest = int(seen.seq.max()) if len(seen) else 0
        current += int((last.reindex(list(clients), fill_value=-1) >= newest).sum())
        due, here = _compared(look, chosen, final(events))
        expected, found = expected + due, found + here
        wrong += sum(not chosen.lets_through(f) for e in events for f in e.data.get("flights", ()))
    return {
        "clients that stayed": (everybody, everybody - len(look.receipts.gone)),
        "clients up to date": (everybody, current),
        "flights in the last picture": (expected, found),
        "flights nobody asked for": (0, wrong),
    }


def _compared(look: Look, chosen: Filter, last: Mapping[str, dict[str, Any]]) -> tuple[int, int]:
    """Count the flights that reported last, and those shown just as Kafka has them."""
    fresh = {i: picture(r) for i, r in look.newest.items() if _is_fresh(r, look.end_ms)}
    due = {i: f for i, f in fresh.items() if chosen.lets_through(f)}
    here = sum(last.get(i, {}).get("timestamp") == f["timestamp"] for i, f in due.items())
    return len(due), here - sum(i in last for i in fresh.keys() - due.keys())


def _is_fresh(report: Mapping[str, Any], end_ms: int) -> bool:
    return bool(end_ms - report["timestamp"] < FRESH_MS)
