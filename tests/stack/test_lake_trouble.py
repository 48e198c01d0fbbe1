"""An engine of the lake is down or a file is gone: one line, and later all is well again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from known import until
from test_lake import begin, send

from flightlib import kafka, lake
from flightlib.backend import Backend, start, stop
from flightlib.engines import Local
from flightlib.errors import EngineDown, FlightlibError, LakeError
from flightlib.settings import Settings

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def backend(stack: Settings, own_engines: Local) -> Iterator[Backend]:
    """A backend in front of a lake that a job has written to."""
    own_engines.up()
    kafka.ensure_topics(stack)
    lake.create_tables(stack)
    job = begin("to-lake", stack).job
    send(200, "trouble", stack)
    lake.wait_for_rows("flight_data", settings=stack)
    yield start(stack)
    stop()
    own_engines.up()
    job.stop()


def answer(backend: Backend, path: str = "/flights?minutes=1440&limit=1") -> tuple[int, str]:
    """Ask once: the status, and what is said when it is no answer."""
    told = httpx.get(backend.url + path, timeout=60, trust_env=False)
    return told.status_code, str(told.json().get("detail", ""))


@pytest.mark.parametrize(
    ("engine", "name"),
    [("trino", "Trino"), ("catalog", "The Iceberg catalog"), ("flink", "Flink")],
)
def test_an_engine_that_is_down_is_named_and_answers_resume(
    engine: str, name: str, backend: Backend, own_engines: Local
) -> None:
    """While it is stopped: 503, its name and what to type; once it is back, answers again."""
    until(lambda: answer(backend)[0] == 200, 120, lambda: answer(backend))
    own_engines.down([engine])
    until(lambda: answer(backend)[0] == 503, 120, lambda: answer(backend))
    status, detail = answer(backend)
    assert status == 503
    assert name in detail
    assert f"`flightlib up {engine}`" in detail
    own_engines.up()
    until(lambda: answer(backend)[0] == 200, 120, lambda: answer(backend))


def test_what_was_written_is_told_without_flink(backend: Backend, own_engines: Local) -> None:
    """A question with an end is answered also while nobody writes."""
    own_engines.down(["flink"])
    until(lambda: answer(backend)[0] == 503, 120)
    assert answer(backend, "/flights?until=2026-01-01T00:00:00Z")[0] == 200
    own_engines.up()


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"no Parquet")])
def test_a_missing_or_damaged_file_is_named(
    damage: Callable[[Path], object], backend: Backend, stack: Settings
) -> None:
    """What cannot be read is told by its name, and an earlier snapshot can still be asked."""
    lake.ask(stack, "DROP TABLE IF EXISTS damaged")
    lake.ask(stack, "CREATE TABLE damaged AS SELECT 1 AS n")
    sound = lake.watch(stack, "damaged").newest().current
    assert sound is not None
    lake.ask(stack, "INSERT INTO damaged SELECT 2")
    paths = lake.ask(stack, 'SELECT file_path FROM "damaged$files"').rows
    files = sorted(
        (Path(unquote(urlsplit(str(path)).path)) for (path,) in paths),
        key=lambda path: path.stat().st_mtime_ns,
    )
    damage(files[-1])
    with pytest.raises(LakeError, match="missing or damaged") as found:
        lake.ask(stack, "SELECT * FROM damaged")
    assert files[-1].name in str(found.value)
    before = "SELECT n FROM damaged FOR VERSION AS OF {}"
    assert lake.ask(stack, before.format(sound.snapshot_id)).rows == ((1,),)
    lake.ask(stack, "DROP TABLE damaged")


def test_a_query_that_takes_too_long_is_cancelled_on_trino(
    backend: Backend, stack: Settings
) -> None:
    """After its time nothing of it runs on Trino any more."""
    endless = "SELECT count(*) FROM {0} AS a, {0} AS b, {0} AS c WHERE a.n + b.n < c.n"
    many = "(SELECT n FROM UNNEST(sequence(1, 9000)) AS t (n))"
    with pytest.raises(lake.TooLong, match="cancelled on Trino"):
        lake.ask(stack, endless.format(many), within_s=1)
    running = "SELECT count(*) FROM system.runtime.queries WHERE state = 'RUNNING' AND query LIKE ?"
    until(lambda: lake.ask(stack, running, ["%sequence(1, 9000)%a.n%"]).rows[0][0] <= 1)


def test_without_its_engine_the_lake_says_what_to_type(
    backend: Backend, stack: Settings, own_engines: Local
) -> None:
    """Every way into a lake without its catalog ends in the same one line."""
    own_engines.down(["catalog"])
    for ask in (lake.tables, lake.snapshots, lake.create_tables, lake.open_table):
        arguments = ("flight_data",) if ask in (lake.snapshots, lake.open_table) else ()
        with pytest.raises(EngineDown, match=r"catalog .*`flightlib up catalog`"):
            ask(*arguments, settings=stack)
    with pytest.raises(FlightlibError, match=r"`flightlib up catalog`"):
        lake.ask(stack, "SELECT count(*) FROM flight_data")
    own_engines.up()
