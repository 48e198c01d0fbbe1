"""How the memory of the engines is added up."""

from __future__ import annotations

import math
import os

import pandas as pd
import psutil
import pytest

from flightlib.errors import MeasureError
from flightlib.measure import memory


def samples(*rows: tuple[str, float, str, float, float]) -> pd.DataFrame:
    """Looks at processes: state, second, engine, resident and shared-out megabytes."""
    return pd.DataFrame(list(rows), columns=memory.COLUMNS)


LOOKS = samples(
    ("idle", 2.0, "kafka", 300.0, 280.0),
    ("idle", 2.0, "trino", 700.0, 690.0),
    ("idle", 4.0, "kafka", 310.0, 290.0),
    ("idle", 4.0, "trino", 710.0, 700.0),
    ("load", 2.0, "kafka", 500.0, 480.0),
    ("load", 2.0, "trino", 900.0, 890.0),
    ("load", 2.0, "backend", 120.0, 100.0),
    ("load", 4.0, "kafka", 450.0, 430.0),
    ("load", 4.0, "trino", 800.0, 790.0),
    ("load", 4.0, "backend", 130.0, 110.0),
)


def test_engines_are_added_up_and_the_backend_is_told_apart() -> None:
    """Idle is the middle of the sums, load the highest sum; the backend is in neither."""
    told = memory.numbers(LOOKS)
    assert told["idle_gb"] == pytest.approx(1.01)
    assert told["load_gb"] == pytest.approx(1.4)
    assert told["load_shared_out_gb"] == pytest.approx(1.37)
    assert told["backend_mb"] == 130.0


def test_what_the_system_does_not_tell_is_no_zero() -> None:
    """Where shared pages are not shared out, their number is nothing rather than nought."""
    told = memory.numbers(LOOKS.assign(shared_out_mb=float("nan")))
    assert math.isnan(told["idle_shared_out_gb"])
    assert told["idle_gb"] == pytest.approx(1.01)


def test_memory_of_a_living_process_is_its_resident_memory() -> None:
    """This process holds megabytes, and no more when shared pages are shared out."""
    resident, shared_out = memory.megabytes(psutil.Process(os.getpid()))
    assert resident > 1
    assert math.isnan(shared_out) or 0 < shared_out <= resident * 1.2


def test_a_process_that_is_gone_is_named() -> None:
    """An engine that ended while it was looked at is an error of one line."""
    gone = psutil.Popen(["true"])
    process = psutil.Process(gone.pid)
    gone.wait()
    with pytest.raises(MeasureError, match="ended while its memory was measured"):
        memory.megabytes(process)


def test_every_goal_has_its_number_of_memory() -> None:
    """What the goals judge is among the numbers that are found."""
    assert {goal.number for goal in memory.FIGURE.goals} <= set(memory.numbers(LOOKS))
