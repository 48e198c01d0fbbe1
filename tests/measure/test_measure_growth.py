"""What grows with the sky: numbers for each load, the points of a picture, and the knees."""

from __future__ import annotations

import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from flightlib.measure import frames, plots
from flightlib.measure.cores import Cores
from flightlib.measure.figure import Found
from flightlib.measure.growth import COLUMNS, FIGURE, MEASURING, READER, ROLES, WAY, Step, numbers
from flightlib.measure.outcome import Outcome, Outcomes
from flightlib.measure.verdict import verdict


def samples() -> pd.DataFrame:
    """A sky whose latency bends at 100 flights, and whose lag grows as it does."""
    steps = [
        Step(10, [0.1, 0.2], [("backend", 4), (READER, 2)], {"Kafka": 0.1}, {}),
        Step(100, [0.2, 0.3], [("backend", 40), (READER, 20)], {"Kafka": 0.2}, {}),
        Step(1000, [9.0, 9.9], [("backend", 400), (READER, 9)], {"Kafka": 0.3}, {}),
    ]
    return pd.DataFrame([row for step in steps for row in step.rows()], columns=COLUMNS)


def test_each_load_has_its_numbers() -> None:
    """Latency and lag are the slowest in a hundred of that load; cores are added up."""
    rows = samples()
    rows.loc[len(rows)] = [10, "backend", float("nan"), float("nan"), 0.5]
    rows.loc[len(rows)] = [10, MEASURING, float("nan"), float("nan"), 1.0]
    found = numbers(rows, flights=10)
    assert found["p99_at_x1_s"] == pytest.approx(0.199)
    assert found["backend_lag_p99_at_x100_reports"] == 400
    assert found["cpu_at_x1_cores"] == pytest.approx(0.6)


def test_what_grows_becomes_a_line_of_a_panel() -> None:
    """Each reader's lag, each process's work and the latency have a point for each load."""
    outcomes = Outcomes([Outcome(FIGURE, Found(samples(), {}))])
    table = frames.growth_points(outcomes)
    assert table.groupby("measure").line.unique().map(sorted).to_dict() == {
        "latency, 99 % within (ms)": [WAY],
        "unread reports, 99 % of the time": [READER, "backend"],
        "cores at work": ["Kafka"],
    }
    assert len(table) == 4 * 3
    assert plots.growth(outcomes).svg.startswith("<svg")


def test_no_more_lines_than_can_be_told_apart() -> None:
    """All readers, all who work, and the latency together still have a colour each."""
    lines = {WAY, READER, "Kafka", MEASURING, *ROLES.values()}
    steps = [Step(n, [0.1], [], dict.fromkeys(lines, 0.1), {}) for n in (10, 100)]
    rows = pd.DataFrame([row for step in steps for row in step.rows()], columns=COLUMNS)
    assert plots.growth(Outcomes([Outcome(FIGURE, Found(rows, {}))])).svg.startswith("<svg")


def test_the_knee_is_named() -> None:
    """Where a number grows faster than the flights is said; all without a knee stand together."""
    told = verdict(Outcomes([Outcome(FIGURE, Found(samples(), {"p99_at_x100_s": 9.9}))]))
    assert f"Growth, latency ({WAY}): the knee is at 100 flights." in told
    assert told[-1].startswith("Growth without a knee, up to 1,000 flights: ")
    assert "cores at work (Kafka)" in told[-1]


def test_work_is_counted_while_it_is_watched() -> None:
    """A process that works all the time uses more than one that waits, and one gone uses none."""
    commands = ("while True: pass", "import time; time.sleep(600)")
    busy, idle = (subprocess.Popen([sys.executable, "-c", code]) for code in commands)
    try:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        groups = {"gone": [psutil.Process(gone.pid)]}
        gone.wait()
        groups |= {name: [psutil.Process(p.pid)] for name, p in (("busy", busy), ("idle", idle))}
        cores, deadline_s = Cores(groups), time.monotonic() + 60
        while cores.look()["busy"] <= 2 * cores.look()["idle"]:
            assert time.monotonic() < deadline_s, cores.look()
            time.sleep(0.05)
        assert cores.look()["gone"] == 0
    finally:
        for one in (busy, idle):
            one.kill()
            one.wait()
