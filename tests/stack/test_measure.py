"""Every figure is measured, small and short, on real engines of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from known import until

from flightlib import measure

pytestmark = [pytest.mark.stack, pytest.mark.browser]
LONGEST_S = 900


@pytest.fixture(scope="module")
def bench_folder() -> Iterator[str]:
    """Where the bench puts its data; short, since a socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        yield folder


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory, bench_folder: str
) -> tuple[measure.Outcomes, Path]:
    """What `flightlib measure --quick` found, and the folder it wrote to."""
    folder = tmp_path_factory.mktemp("measured")
    done = subprocess.run(
        [sys.executable, "-m", "flightlib", "measure", "--quick", "--out", str(folder)],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
        env={**os.environ, "TMPDIR": bench_folder},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return measure.read(folder), folder


@pytest.mark.timeout(LONGEST_S + 60)
def test_every_figure_is_measured_and_its_counts_agree(
    measured: tuple[measure.Outcomes, Path],
) -> None:
    """All that was asked for is in the table, and nothing was lost on any way."""
    outcomes, _ = measured
    assert tuple(one.figure.name for one in outcomes) == measure.NAMES
    assert [(one.figure.name, one.trouble) for one in outcomes if not one.ok] == []


def test_raw_samples_lie_beside_the_numbers(measured: tuple[measure.Outcomes, Path]) -> None:
    """Each figure keeps what its numbers were computed from."""
    outcomes, folder = measured
    for one in outcomes:
        assert (folder / f"{one.figure.name}.csv").is_file()
        assert one.found is not None
        assert len(one.found.samples) > 0


def test_nothing_is_left_running(
    measured: tuple[measure.Outcomes, Path], bench_folder: str
) -> None:
    """Engines, publishers, backends, browsers: all that was started has ended, its data is gone."""
    assert [p for p in psutil.process_iter(["cmdline"]) if _names(p, bench_folder)] == []
    assert list(Path(bench_folder).glob("flightlib-measure-*")) == []


def test_a_measurement_that_is_told_to_end_leaves_nothing(
    bench_folder: str, tmp_path: Path
) -> None:
    """An orderly kill in the middle of a start brings its engines down, and removes their data."""
    before = set(Path(bench_folder).iterdir())
    command = [sys.executable, "-m", "flightlib", "measure", "sky", "--quick"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path)],
        env={**os.environ, "TMPDIR": bench_folder},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: list(Path(bench_folder).glob("flightlib-measure-*/data/*")))
    process.terminate()
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (130, "Ended by Ctrl-C.\n")
    assert set(Path(bench_folder).iterdir()) == before
    assert [p for p in psutil.process_iter(["cmdline"]) if _names(p, bench_folder)] == []


def _names(process: psutil.Process, folder: str) -> bool:
    return folder in " ".join(process.info["cmdline"] or ())
