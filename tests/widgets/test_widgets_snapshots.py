"""The live timeline of a table's snapshots: every commit, its kind, and when the next is due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browserlike import Sent, frames, say, until
from scripted_answers import ScriptedLake

from flightlib.errors import SettingError, StreamError
from flightlib.lake import Snapshot
from flightlib.widgets import LiveSnapshots, commits


@pytest.fixture
def timeline(lake: ScriptedLake, ending: Callable[..., LiveSnapshots]) -> LiveSnapshots:
    """A timeline of the scripted table, shown in a browser."""
    assert lake.port
    widget = ending(LiveSnapshots())
    say(widget, type="hello")
    return widget


def told(sent: Sent) -> dict[str, Any]:
    """What the newest message says of the table."""
    freshness: dict[str, Any] = sent[-1][0].get("freshness", {}) if sent else {}
    return freshness


def drawn(frame: dict[str, Any]) -> list[int]:
    """The rows of each commit in a frame's picture."""
    rows: list[int] = frame["specs"]["dark"]["data"]["rows"]
    return rows


def at(ms: int, operation: str = "append", added: int = 10) -> Snapshot:
    """One snapshot, committed at a time."""
    return Snapshot(ms, ms, operation, added, 100, 4, None)


def test_the_timeline_grows_with_each_commit(
    timeline: LiveSnapshots, lake: ScriptedLake, sent: Sent
) -> None:
    """A commit that lands is drawn, counted, and its age is told."""
    until(lambda: frames(sent))
    assert drawn(frames(sent)[-1]) == [100, 100, 100]
    lake.commit(250)
    until(lambda: drawn(frames(sent)[-1]) == [100, 100, 100, 250])
    assert (told(sent)["snapshots"], told(sent)["rows"]) == (4, 550)
    assert told(sent)["age_s"] > 0
    assert "4 snapshots · newest" in repr(timeline)


def test_a_table_at_rest_is_not_drawn_again(timeline: LiveSnapshots, sent: Sent) -> None:
    """While nothing is committed the browser gets words, and no picture."""
    until(lambda: frames(sent))
    count = len(sent)
    until(lambda: len(sent) > count + 1)
    assert len(frames(sent)) == 1
    assert told(sent)["state"] == "live"
    assert timeline.table == "flight_data"


def test_a_compaction_adds_no_row() -> None:
    """Rows that are only written anew are not counted as new, and the kind is told apart."""
    laid = commits.table([at(1000), at(2000, "replace", 9000), at(3000, "delete", 0)])
    assert list(laid["rows"]) == [10, 0, 0]
    assert list(laid["operation"]) == ["append", "replace", "delete"]


def test_only_the_newest_commits_are_drawn() -> None:
    """However many snapshots a table keeps, the picture has room for so many."""
    laid = commits.table([at(i * 1000) for i in range(500)])
    assert len(laid) == commits.MOST
    assert laid["committed"].iloc[-1].timestamp() == 499


@pytest.mark.parametrize(
    ("snapshots", "usual_s"),
    [
        ([], None),
        ([at(1000)], None),
        ([at(0), at(1000), at(2000), at(9000), at(10_000)], 1.0),
        ([at(0), at(100, "replace"), at(2000), at(2100, "replace"), at(4000)], 2.0),
        ([at(i * 60_000) for i in range(50)] + [at(3_000_000 + i * 1000) for i in range(11)], 1.0),
    ],
)
def test_the_next_commit_is_due_after_the_usual_distance(
    snapshots: list[Snapshot], usual_s: float | None
) -> None:
    """The distance is that of the last appends: one pause or a compaction does not change it."""
    assert commits.usual_s(snapshots) == usual_s


def test_a_catalog_that_is_down_is_told_and_comes_back(
    timeline: LiveSnapshots, lake: ScriptedLake, sent: Sent
) -> None:
    """The line names the engine while the picture stays; later commits are drawn as before."""
    until(lambda: frames(sent))
    lake.stop()
    until(lambda: "The Iceberg catalog is not answering" in told(sent).get("message", ""))
    assert told(sent)["state"] == "troubled"
    assert told(sent)["snapshots"] == 3
    assert "The Iceberg catalog is not answering" in repr(timeline)
    lake.commit(70)
    lake.start()
    until(lambda: told(sent).get("state") == "live" and drawn(frames(sent)[-1])[-1] == 70)


def test_a_table_that_is_missing_is_told_until_it_is_made(
    lake: ScriptedLake, ending: Callable[..., LiveSnapshots], sent: Sent
) -> None:
    """A name without a table raises nothing, and the line says what makes the table."""
    say(ending(LiveSnapshots("later")), type="hello")
    until(lambda: "There is no table 'later'" in told(sent).get("message", ""))
    lake.table = "later"
    until(lambda: frames(sent) and told(sent)["state"] == "live")


def test_a_table_without_a_commit_is_no_trouble(
    lake: ScriptedLake, ending: Callable[..., LiveSnapshots], sent: Sent
) -> None:
    """An empty table is drawn empty, with no age and nothing due."""
    lake.commits = []
    widget = ending(LiveSnapshots())
    say(widget, type="hello")
    until(lambda: frames(sent))
    assert (told(sent)["state"], told(sent)["age_s"], told(sent)["usual_s"]) == ("live", None, None)
    assert "no commit yet" in repr(widget)
    assert "<svg" in widget.snapshot().svg


def test_a_snapshot_of_the_timeline_stays(timeline: LiveSnapshots) -> None:
    """It has the picture as SVG, and the same in words."""
    bundle = timeline.snapshot()._repr_mimebundle_()
    assert "append  3" in bundle["image/svg+xml"]
    assert "Rows added by each commit to flight_data" in bundle["image/svg+xml"]
    assert "3 snapshots · newest" in bundle["text/plain"]


def test_a_snapshot_of_nothing_says_why(
    lake: ScriptedLake, ending: Callable[..., LiveSnapshots]
) -> None:
    """Without a word of the catalog a report must not look fine."""
    lake.stop()
    with pytest.raises(StreamError, match=r"within 0\.5 s\. The Iceberg catalog is not answering"):
        ending(LiveSnapshots()).snapshot(within_s=0.5)


def test_a_wrong_argument_is_refused(lake: ScriptedLake) -> None:
    """A theme and a height that are not allowed are named."""
    assert lake.port
    with pytest.raises(SettingError, match="theme cannot be 'red'"):
        LiveSnapshots(theme="red")
    with pytest.raises(SettingError, match="height cannot be 5"):
        LiveSnapshots(height=5)
