"""Reports a second from Kafka into the lake, each numbered, by the lesson's job."""

from __future__ import annotations

from flightlib import lake
from flightlib.measure.backlog import WITHIN_S, Looks, frame, paces, publish, watch, working
from flightlib.measure.bench import Bench
from flightlib.measure.figure import ALL, Figure, Found, Goal
from flightlib.measure.lessons import filled

JOB = "to-lake"


def measure(
    bench: Bench, flights: int = 10_000, reports: int = 1_000_000, rounds: int = 3
) -> Found:
    """Measure how fast the lesson's job takes a backlog into an empty lake, and prove the lake.

    Each round is a job begun anew over the same backlog; the first warms Java's compiler and is
    kept out of the numbers, but for the cold one. Counted is what the job has read: each second
    it commits to Iceberg what it has read by then. The lake is empty afterwards.
    """
    settings = bench.settings
    backlog = publish(settings, flights, reports)
    (writer,) = filled(JOB)
    setup = [statement.text for statement in filled("numbered")]
    runs: dict[tuple[str, int], Looks] = {}
    rows = broken = 0
    try:
        for number in range(rounds):
            lake.reset(settings)
            with working(settings, JOB, writer, setup, backlog) as job:
                runs[JOB, number] = watch(job, backlog.reports)
                proof = lake.prove(settings, WITHIN_S, backlog.reports)
            rows, broken = rows + proof.rows, broken + len(proof.broken)
    finally:
        lake.reset(settings)
    counts = {
        "rows in flight_data": (backlog.reports * rounds, rows),
        "groups that are not exact": (0, broken),
    }
    samples = frame(runs)
    per_s = paces(samples, backlog.reports)[JOB]
    warm = per_s.iloc[1:] if rounds > 1 else per_s
    numbers = {"warm_per_s": float(warm.median()), "cold_per_s": float(per_s.iloc[0])}
    return Found(samples, numbers, counts)


FIGURE = Figure(
    "to-lake",
    "Kafka to lake, working off a backlog",
    measure,
    (Goal("warm_per_s", "at least 100,000 reports a second, warm", least=100_000),),
    quick={"flights": 1000, "reports": 20_000, "rounds": 1},
    needs=ALL,
)
