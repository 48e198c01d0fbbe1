"""REST under load: how long clients wait for answers about a lake that grows all the while."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pandas as pd

from flightlib.measure.bench import Bench
from flightlib.measure.figure import ALL, Figure, Found, Goal, percentiles
from flightlib.measure.lakeside import Lakeside, lakeside
from flightlib.settings import HOST

SHARES = {
    "flights": 30,
    "track": 20,
    "regions": 12,
    "delays": 12,
    "positions": 10,
    "minutes": 8,
    "density": 8,
}
"""How many of a hundred questions are about a topic."""
VARIANTS = 200
"""So many different questions besides the tracks; there is one of those for each flight."""
SEED = 7
PAUSE_S = 1.0
WARM_S = 5.0
CHECKED = 40
ROWS, TRINO = "rows", "miss"
GOOD = (200, 304)
NOTES = (
    "at_hand: answers kept, or worked out from the newest rows, which Trino gives once a commit; "
    "trino: answers that Trino was asked for.",
)

Words = Mapping[str, Sequence[str]]


def questions(flights: Sequence[str], regions: Sequence[str]) -> list[dict[str, Any]]:
    """Make the questions that clients draw from: topic, path, and how often it is drawn."""
    chance, others = random.Random(SEED), [topic for topic in SHARES if topic != "track"]
    asked = {topic: {_path(topic, chance, regions)} for topic in others}
    while sum(map(len, asked.values())) < VARIANTS:
        (topic,) = chance.choices(others, [SHARES[topic] for topic in others])
        asked[topic].add(_path(topic, chance, regions))
    asked["track"] = {f"/flights/{one}/track" for one in flights}
    return [
        {"topic": topic, "path": path, "weight": SHARES[topic] / len(paths)}
        for topic, paths in asked.items()
        for path in sorted(paths)
    ]


def _path(topic: str, chance: random.Random, regions: Sequence[str]) -> str:
    """Draw one question about a topic: each of its parameters is given in about half of them."""
    values: dict[str, Sequence[Any]] = {
        "minutes": (1, 2, 5, 10),
        "status": ("DELAYED", "ON_TIME", "DELAYED,CANCELLED,DIVERTED"),
        "region": regions,
        "min_altitude": range(1000, 31_000, 1000),
        "limit": (20, 50, 100, 200, 1000),
        "by": ("region",),
        "cell": (0.5, 1, 2),
    }
    which = ["minutes", "status", "region", "min_altitude"]
    chosen = {
        "flights": [*which, "limit"],
        "regions": which,
        "delays": ["minutes", "by"],
        "positions": ["region", "min_altitude"],
        "minutes": [*which, "by"],
        "density": ["region", "min_altitude", "cell"],
    }[topic]
    drawn = {name: chance.choice(values[name]) for name in chosen if chance.random() < 0.5}
    return f"/flights{'' if topic == 'flights' else '/' + topic}?{urlencode(drawn)}".rstrip("?")


def measure(
    bench: Bench,
    clients: int = 50,
    flights: int = 1000,
    seconds: float = 30.0,
    pause_s: float = PAUSE_S,
    checked: int = CHECKED,
) -> Found:
    """Measure how long answers take while so many clients ask, and the job commits each second.

    The samples have a row for each question: latency_ms, status, topic, size_b, how the answer was
    come by, and age_s, the time since the commit that it tells of. Afterwards some answers are held
    against Trino's own to the same question about the same snapshot.
    """
    with bench.lend("lake", lambda: lakeside(bench, flights)) as here:
        ids = [row["flight_id"] for row in here.rows("/flights/positions")]
        regions = [row["region"] for row in here.rows("/flights/regions")]
        asked = questions(ids, regions)
        _ask(bench, here, asked, clients, min(WARM_S, seconds), pause_s)
        samples = _ask(bench, here, asked, clients, seconds, pause_s)
        equal = _equal(bench, here, asked, checked)
    good = int(samples.status.isin(GOOD).sum())
    counts = {"answers": (len(samples), good), "answers that Trino gives too": (checked, equal)}
    return Found(samples, numbers(samples, seconds), counts, NOTES)


def _ask(
    bench: Bench,
    here: Lakeside,
    asked: Sequence[Mapping[str, Any]],
    clients: int,
    seconds: float,
    pause_s: float,
) -> pd.DataFrame:
    """Let clients ask for so long; give what they noted."""
    plan = bench.folder / "questions.json"
    told = {"host": HOST, "port": here.settings.backend_port, "clients": clients, "seed": SEED}
    told |= {"seconds": seconds, "pause_s": pause_s, "questions": asked}
    plan.write_text(json.dumps(told), encoding="utf-8")
    process = bench.process("flightlib.crowd.askers", str(plan), log="askers.log")
    try:
        bench.until(lambda: process.poll() is not None, "the clients' end", seconds + 180)
    finally:
        bench.end(process)
    return aged(pd.read_csv(f"{plan}.csv", dtype={"committed": str}))


def aged(noted: pd.DataFrame) -> pd.DataFrame:
    """Put the age of each answer's commit (age_s) in place of its time; nan where there is none.

    The times are ISO 8601, and one on a full second has no fraction.
    """
    committed = pd.to_datetime(noted.committed, format="ISO8601", utc=True)
    since_s = (committed - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    answered_s = noted.begun_s + noted.latency_ms / 1000
    told: pd.DataFrame = noted.drop(columns="committed").assign(age_s=answered_s - since_s)
    return told


def _equal(bench: Bench, here: Lakeside, asked: Sequence[Mapping[str, Any]], count: int) -> int:
    """Ask some questions, and again by the snapshots that were answered: Trino answers those.

    Gives how many of the answers were the same.
    """
    weights = [one["weight"] for one in asked]
    drawn = random.Random(SEED).choices([one["path"] for one in asked], weights, k=count)
    told = [here.get(path) for path in drawn]
    here.await_commit_after(bench, told[-1].headers["X-Snapshot-Id"])
    equal = 0
    for path, answer in zip(drawn, told, strict=True):
        again = here.get(pinned(path, answer.headers))
        equal += again.headers["X-Answer"] != ROWS and again.json() == answer.json()
    return equal


def pinned(path: str, headers: Mapping[str, str]) -> str:
    """Write a question so that it is about the snapshot and the time that an answer was about."""
    parts = urlsplit(path)
    given = [pair for pair in parse_qsl(parts.query) if pair[0] != "minutes"]
    more = {
        "snapshot": headers["X-Snapshot-Id"],
        "since": headers["X-Since"],
        "until": headers["X-Until"],
    }
    return f"{parts.path}?{urlencode([*given, *more.items()])}"


def numbers(samples: pd.DataFrame, seconds: float) -> dict[str, float]:
    """Give the percentiles of all, the errors, and the same told apart by where it came from."""
    from_trino = samples.answer == TRINO
    at_hand, trino = samples.latency_ms[~from_trino], samples.latency_ms[from_trino]
    return {
        **percentiles(samples.latency_ms, "ms"),
        "errors": float((~samples.status.isin(GOOD)).sum()),
        "answers_per_s": len(samples) / seconds,
        "at_hand_p99_ms": percentiles(at_hand, "ms")["p99_ms"],
        "trino_p99_ms": percentiles(trino, "ms")["p99_ms"],
        "trino_percent": 100 * float(from_trino.mean()),
        "age_p95_s": percentiles(samples.age_s.dropna(), "s")["p95_s"],
    }


FIGURE = Figure(
    "rest",
    "REST under load, while a job commits each second",
    measure,
    (
        Goal("p99_ms", "p99 below 200 ms", most=200.0),
        Goal("errors", "no errors", most=0.0),
    ),
    quick={"clients": 5, "flights": 100, "seconds": 1.0, "checked": 2},
    needs=ALL,
    shares="lake",
)
