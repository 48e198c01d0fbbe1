"""From a report to an answer: through Kafka, Flink, Iceberg and Trino to a client of REST."""

from __future__ import annotations

import time
from collections.abc import Mapping

import orjson
import pandas as pd

from flightlib.errors import MeasureError
from flightlib.live.link import caller
from flightlib.measure import near
from flightlib.measure.bench import Bench
from flightlib.measure.figure import ALL, Figure, Found, Goal, percentiles
from flightlib.measure.lakeside import Lakeside, lakeside
from flightlib.measure.looks import Ear

PATH = "/flights?limit=1"
EVERY_S = 0.25
WARM_S = 15.0
"""So long answers are awaited before any counts: a job and a Trino that just started are slow."""
TOPIC = "flights"
STAGES = ("publisher", "flink", "answer")
NOTES = (
    "A client asks for the newest report four times a second; the age is that of the newest report "
    "in its answer when it comes, also when the answer is the same as before.",
    "Stages, of the newest report of each answer that was new: publisher, event time to Kafka; "
    "flink, until the commit that has it; answer, until a client has an answer of that commit.",
)


def measure(bench: Bench, flights: int = 1000, seconds: float = 60.0) -> Found:
    """Measure how old the newest report in an answer is, while a job commits each second.

    The samples have a row for each answer ("age") and for each stage of the way to an answer that
    was new: stage, latency_s, and at_s, when it came, counted from the first.
    """
    lent = bench.lend("lake", lambda: lakeside(bench, flights))
    with lent as here, Ear(TOPIC, here.settings) as ear:
        _poll(here, bench.warm_s(WARM_S, seconds))
        answers = _poll(here, seconds)
        commits = here.commits()
    samples = stages(answers, ear.reports())
    return Found(samples, numbers(samples), counts(answers, commits), NOTES)


def _poll(here: Lakeside, seconds: float) -> pd.DataFrame:
    """Ask again and again; a row for each answer: came_s, its newest report, its commit.

    Raises MeasureError when the backend does not answer as it should.
    """
    rows, end_s, tag = [], time.monotonic() + seconds, ""
    known: tuple[str, int, int, str] | None = None
    with caller(here.url, near.ANSWER_S) as client:
        while time.monotonic() < end_s:
            due_s = time.monotonic() + EVERY_S
            answer = client.get(here.url + PATH, headers={"If-None-Match": tag})
            came_s = time.time()
            if answer.status_code == 200:
                known = newest(answer.content, answer.headers)
                tag = answer.headers["ETag"]
            elif answer.status_code != 304:
                raise MeasureError(f"{PATH} was answered by {answer.status_code}: {answer.text}")
            if known is not None:
                rows.append((came_s, *known, answer.status_code == 200))
            time.sleep(max(0.0, due_s - time.monotonic()))
    names = ["came_s", "flight_id", "event_ms", "committed_ms", "snapshot", "new"]
    return pd.DataFrame(rows, columns=names)


def newest(body: bytes, headers: Mapping[str, str]) -> tuple[str, int, int, str] | None:
    """Give the newest report of an answer: flight, event time, and its commit's time and id.

    The times are epoch ms; None if the answer has no rows.
    """
    rows = orjson.loads(body)["flights"]
    if not rows:
        return None
    event, committed = (
        int(pd.Timestamp(at).timestamp() * 1000)
        for at in (rows[0]["timestamp"], headers["X-Snapshot-Committed"])
    )
    return rows[0]["flight_id"], event, committed, headers["X-Snapshot-Id"]


def stages(answers: pd.DataFrame, reports: pd.DataFrame) -> pd.DataFrame:
    """Tell ages and stages of answers, given when Kafka had which report."""
    age_s = answers.came_s - answers.event_ms / 1000
    which = ["flight_id", "event_ms"]
    written = reports.drop_duplicates(which)[[*which, "written_ms"]]
    new = answers[answers.new].drop_duplicates("snapshot").merge(written, on=which)
    told = {
        "publisher": (new.written_ms - new.event_ms) / 1000,
        "flink": (new.committed_ms - new.written_ms) / 1000,
        "answer": new.came_s - new.committed_ms / 1000,
    }
    parts = [pd.DataFrame({"stage": "age", "latency_s": age_s, "at_s": answers.came_s})]
    parts += [
        pd.DataFrame({"stage": stage, "latency_s": told[stage], "at_s": new.came_s})
        for stage in STAGES
    ]
    samples = pd.concat(parts, ignore_index=True)
    samples["at_s"] -= samples.at_s.min()
    return pd.DataFrame(samples.round(4))


def numbers(samples: pd.DataFrame) -> dict[str, float]:
    """Give the percentiles of the age, and the median and the 95th of each stage."""
    by_stage = {str(stage): rows.latency_s for stage, rows in samples.groupby("stage")}
    found = percentiles(by_stage["age"], "s")
    for stage in STAGES:
        told = percentiles(by_stage.get(stage, ()), "s")
        found |= {f"{stage}_{name}": told[name] for name in ("p50_s", "p95_s")}
    return found


def counts(answers: pd.DataFrame, commits: set[str]) -> dict[str, tuple[int, int]]:
    """Count that answers are of commits, and that no later answer is of an earlier commit."""
    seen = set(answers.snapshot)
    backwards = int((answers.committed_ms.diff() < 0).sum())
    return {
        "answers of a commit of the table": (len(seen), len(seen & commits)),
        "answers older than the one before": (0, backwards),
    }


FIGURE = Figure(
    "lake",
    "report to REST answer, through Iceberg and Trino",
    measure,
    (Goal("p95_s", "p95 below 6 s", most=6.0),),
    quick={"flights": 100, "seconds": 1.0},
    needs=ALL,
    shares="lake",
)
