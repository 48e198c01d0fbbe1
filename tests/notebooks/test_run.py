"""Every notebook runs from start to end against the real engines."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from known import typed

from flightlib.flink import jobs
from flightlib.settings import Settings

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TWICE = "03_iceberg_and_trino"  # takes minutes, and runs as a report here and on engines elsewhere


def each(notebooks: list[Path]) -> pytest.MarkDecorator:
    """Give a test one notebook after the other."""
    return pytest.mark.parametrize("path", notebooks, ids=lambda p: p.stem)


@pytest.fixture(scope="module")
def engines(stack: Settings) -> Iterator[Settings]:
    """All engines; the jobs that notebooks leave running are stopped afterwards."""
    yield stack
    for job in jobs(stack):
        job.stop()


def outputs(path: Path) -> list[Any]:
    """All outputs of an executed notebook."""
    book = nbformat.read(path, as_version=4)
    return [o for c in book.cells if c.cell_type == "code" for o in c.outputs]


@pytest.mark.stack
@each(NOTEBOOKS)
def test_it_makes_a_report_that_needs_no_kernel(
    path: Path, engines: Settings, tmp_path: Path
) -> None:
    """`flightlib report` runs the notebook and writes a page with no link to the network."""
    done = typed("report", path.stem, "--out", str(tmp_path), "-p", "flights=200")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / f"{path.stem}.html").read_text(encoding="utf-8")
    for loader in ('<script src="http', '<link rel="stylesheet" href="http', "unpkg.com"):
        assert loader not in page
    live = any("fl.Live" in c.source for c in nbformat.read(path, as_version=4).cells)
    assert ("data:image/svg+xml;base64" in page) >= live
    assert (tmp_path / path.name).stat().st_size < 2_000_000


@pytest.mark.stack
@each([path for path in NOTEBOOKS if path.stem != TWICE])
def test_it_passes_nbval(path: Path, engines: Settings, tmp_path: Path) -> None:
    """`pytest --nbval-lax` runs every cell of the notebook without an unexpected error."""
    # A small sky, as in the report: two cores run all engines beside it.
    small = {"flights": 200}
    papermill.execute_notebook(path, tmp_path / path.name, small, prepare_only=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", path.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_engine_fails_it_in_one_line(tmp_path: Path) -> None:
    """With Kafka down, the report stops at a cell and says in one line what to type."""
    done = typed("report", "01_kafka_to_map", "--out", str(tmp_path), FLIGHTLIB_KAFKA_PORT="9")
    assert done.returncode == 1
    assert "EngineDown" in done.stderr
    assert "`flightlib up" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_parameter_is_named(tmp_path: Path) -> None:
    """A parameter the notebook does not have is refused, with those it has."""
    done = typed("report", "01_kafka_to_map", "--out", str(tmp_path), "-p", "flihgts=3")
    assert done.returncode == 1
    assert "flihgts" in done.stderr
    assert "flights" in done.stderr
