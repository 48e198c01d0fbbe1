"""From looks to figures: rates between two of them, quantiles as Prometheus has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from looked import a_look, job, nothing_up, page

from flightlib.errors import StreamError
from flightlib.observe import Seen, Watcher, ask, figures, look
from flightlib.observe.backend import quantile, since
from flightlib.settings import Settings, load

INF = float("inf")


@pytest.fixture
def nowhere(tmp_path: Path) -> Settings:
    """Engines that nobody started, on ports that nobody listens on."""
    ports = {name: 1 for name in Settings.model_fields if name.endswith("_port")}
    return load(data=tmp_path / "data", **ports)


@pytest.mark.parametrize(
    ("share", "counts", "expected"),
    [
        (0.5, {}, None),
        (0.5, {1.0: 0, INF: 0}, None),
        (0.5, {1.0: 10, INF: 10}, 0.5),
        (0.5, {1.0: 5, 2.0: 10, INF: 10}, 1.0),
        (0.75, {1.0: 5, 2.0: 10, INF: 10}, 1.5),
        (0.99, {1.0: 5, 2.0: 5, INF: 10}, 2.0),
        (0.1, {1.0: 0, 2.0: 10, INF: 10}, 1.1),
    ],
)
def test_a_quantile_is_prometheus_own(
    share: float, counts: dict[float, float], expected: float | None
) -> None:
    """Values are evenly spread within a bucket; above the last bound it is that bound."""
    assert quantile(share, counts) == (None if expected is None else pytest.approx(expected))


def test_a_backend_that_began_anew_is_counted_from_its_beginning() -> None:
    """Counts that went down are those of another process: all of them are new."""
    assert since({1.0: 5, INF: 9}, {1.0: 6, INF: 12}) == {1.0: 1, INF: 3}
    assert since({1.0: 5, INF: 9}, {1.0: 0, INF: 2}) == {1.0: 0, INF: 2}


def test_rates_and_latencies_are_of_the_time_between_two_looks() -> None:
    """Ten seconds and 5,000 messages later: 500 a second, and the frames made meanwhile."""
    before = Seen(a_look(1000.0, written=100), page(early=1000, late=1000, asked=50))
    now = Seen(a_look(1010.0, written=5100), page(early=1000, late=1100, asked=70))
    told = figures(before, now)
    (topic,) = told.topics
    assert (topic.topic, topic.reports_per_s, topic.lag, topic.clients) == ("flights", 500, 37, 5)
    assert topic.to_frame_p50_s == pytest.approx(0.75)  # all hundred between 0.5 and 1 s
    (route,) = told.routes
    assert (route.per_s, route.p50_s, route.errors) == (2.0, pytest.approx(0.05), 3)
    (one,) = told.jobs
    assert (one.state, one.reports_per_s, one.lag, one.failed) == ("RUNNING", 500, 30, 2)
    (lake,) = told.tables
    assert (lake.rows, lake.snapshots, lake.age_s) == (4000, 3, pytest.approx(1.5))
    assert (told.clients, told.refused, told.backend_memory_mb) == ((5, 1000), 2, 120.0)


def test_what_one_look_cannot_tell_is_not_told() -> None:
    """With a single look there are no rates, and nothing is made up."""
    only = Seen(a_look(), page())
    told = figures(only, only)
    assert (told.topics[0].reports_per_s, told.topics[0].to_frame_p99_s) == (None, None)
    assert told.routes[0].per_s is None


def test_a_job_that_flink_does_not_know_is_being_restored() -> None:
    """After a new JobManager the job is a row that says so."""
    seen = Seen(a_look(jobs=(type(job())("to-lake", None),)), None, "gone")
    (one,) = figures(seen, seen).jobs
    assert (one.state, one.lag, one.checkpoint_s) == ("RESTORING", None, None)


def test_troubles_of_all_parts_are_kept() -> None:
    """What is down has a line, the backend among them."""
    told = figures(nothing_up(), nothing_up())
    assert set(told.troubles) == {"topics", "jobs", "tables", "backend"}
    assert (told.topics, told.routes, told.clients) == ((), (), None)


def test_a_look_at_nothing_raises_nothing(nowhere: Settings) -> None:
    """With all engines down a look has eight rows that say so, and a line for what they hold."""
    seen = look(nowhere)
    assert {row.state for row in seen.engines} == {"stopped"}
    assert len(seen.engines) == 8
    assert "`flightlib up flink`" in seen.troubles["jobs"]
    told = Watcher(nowhere).step()
    assert "`flightlib serve`" in told.troubles["backend"]


def test_what_is_no_backend_is_refused() -> None:
    """An address where nobody, or something else, answers is named with what to type."""
    with pytest.raises(StreamError, match=r"No backend is answering on 127.0.0.1:1\."):
        ask("http://127.0.0.1:1")
    with pytest.raises(StreamError, match="`--backend URL`"):
        ask("nonsense")
