"""How the starts of the engines are read and told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from flightlib.measure import start


def test_what_up_prints_is_read() -> None:
    """Each engine that became healthy is known, with its own seconds; all else is passed over."""
    text = "memory: 3 GB are free\nkafka        healthy in 4.2 s\ntrino        healthy already\n"
    text += "jobmanager   healthy in 11.0 s\n"
    assert start.healthy_lines(text) == [("kafka", 4.2), ("jobmanager", 11.0)]


def test_the_first_map_is_counted_from_a_healthy_kafka() -> None:
    """The seconds to the first map begin when Kafka is healthy, not when the command is typed."""
    rows = [
        ("first", "all", 40.0, 0.0),
        ("again", "all", 25.0, 0.0),
        ("map", "kafka", 5.0, 4.0),
        ("map", "registry", 8.0, 7.0),
        ("map", "first frame", 12.5, 0.0),
    ]
    told = start.numbers(pd.DataFrame(rows, columns=start.COLUMNS))
    assert told["map_s"] == pytest.approx(7.5)
    assert (told["first_s"], told["again_s"], told["command_to_map_s"]) == (40.0, 25.0, 12.5)


def test_files_that_are_put_out_of_memory_are_not_changed(tmp_path: Path) -> None:
    """Asking the system to forget a file reads nothing and writes nothing of it."""
    file = tmp_path / "engine.jar"
    file.write_bytes(b"classes" * 1000)
    start.forget_files([file])
    assert file.read_bytes() == b"classes" * 1000


def test_every_goal_has_its_number() -> None:
    """What the goals judge is among the numbers that are found."""
    rows = [(name, "all", 1.0, 0.0) for name in ("first", "again")]
    rows += [("map", stage, 2.0, 0.0) for stage in ("kafka", "first frame")]
    told = start.numbers(pd.DataFrame(rows, columns=start.COLUMNS))
    assert {goal.number for goal in start.FIGURE.goals} <= set(told)
