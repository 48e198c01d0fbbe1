"""The dashboard: controls, the newest rows, and pictures that follow to the same snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from browserlike import Sent, say, until
from scripted_answers import ScriptedLake

from flightlib.errors import SettingError, StreamError
from flightlib.widgets import Dashboard

PICTURES = ("/flights", "/flights/regions", "/flights/minutes", "/flights/density")


@pytest.fixture
def make(
    lake: ScriptedLake, ending: Callable[..., Any]
) -> Callable[..., tuple[Dashboard, Callable[[int], Sent]]]:
    """Make dashboards on the scripted lake, shown in a browser, and read what each picture gets."""

    def create(**given: Any) -> tuple[Dashboard, Callable[[int], Sent]]:
        made = Dashboard(url=lake.url, **given)
        mine: list[Sent] = [[] for _ in made._views]
        for view, messages in zip(made._views, mine, strict=True):
            ending(view)
            # Each picture has a mailbox of its own: which widget a message is of is not in it.
            view._pump._send = lambda content, buffers, box=messages: box.append((content, buffers))
            say(view, type="hello")
        return made, lambda nth: mine[nth]

    return create


def frames(sent: Sent) -> list[dict[str, Any]]:
    """The frames that one picture got."""
    return [message for message, _ in sent if message["type"] == "frame"]


def told(sent: Sent) -> dict[str, Any]:
    """What the newest message says of the snapshot."""
    freshness: dict[str, Any] = sent[-1][0].get("freshness", {}) if sent else {}
    return freshness


def all_drawn(box: Callable[[int], Sent]) -> bool:
    """Whether every picture has been drawn."""
    return all(frames(box(nth)) for nth in range(4))


def test_everything_is_of_one_snapshot(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """The pictures are asked of the snapshot that the rows came from, and each names it."""
    _, box = make()
    until(lambda: all_drawn(box))
    newest = str(lake.commits[-1].snapshot_id)
    for path in PICTURES[1:]:
        assert lake.of(path)[-1].params["snapshot"] == [newest]
    words = {told(box(nth))["snapshot"] for nth in range(4)}
    assert words == {f"{newest[:4]}…{newest[-4:]}"}
    assert told(box(0))["age_s"] > 0
    assert told(box(0))["rows"] == 30


def test_each_picture_shows_its_answer(make: Callable[..., Any]) -> None:
    """Rows as words, the busiest regions as bars, minutes as a line, cells with their steps."""
    _, box = make()
    until(lambda: all_drawn(box))
    table, bars, line, density = (frames(box(nth))[-1] for nth in range(4))
    assert table["rows"][0][:2] == ["2026-01-02 03:04:05", "UAL0-3"]
    assert [c["number"] for c in table["columns"]] == [False] * 4 + [True] * 3
    assert bars["specs"]["dark"]["data"]["flights"] == [50, 48, 46]
    assert len(line["specs"]["light"]["data"]["y"]) == 4
    assert len(density["cells"]["west"]) == len(density["cells"]["step"]) == 45


def test_a_new_snapshot_is_followed_by_all(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """After a commit every picture is drawn anew, without a touch."""
    _, box = make()
    until(lambda: all_drawn(box))
    ends = str(lake.commit())[-4:]
    until(lambda: all(told(box(nth)).get("snapshot", "").endswith(ends) for nth in range(4)))
    assert frames(box(0))[-1]["rows"][0][1] == "UAL0-4"


def test_while_nothing_changes_only_the_rows_are_asked(
    make: Callable[..., Any], lake: ScriptedLake
) -> None:
    """Each second one question, by the name of the last answer; the pictures ask nothing."""
    _, box = make()
    until(lambda: all_drawn(box))
    asked = len(lake.asked)
    until(lambda: len(lake.asked) >= asked + 2)
    later = lake.asked[asked:]
    assert {one.path for one in later} == {"/flights"}
    assert all(one.etag for one in later)
    assert [len(frames(box(nth))) for nth in range(4)] == [1, 1, 1, 1]


def test_many_commits_are_not_followed_one_by_one(
    make: Callable[..., Any], lake: ScriptedLake
) -> None:
    """A lake that is committed to without pause is redrawn at a pace that people can read."""
    _, box = make()
    until(lambda: all_drawn(box))
    before, began = len(frames(box(0))), time.monotonic()
    while time.monotonic() < began + 3:
        lake.commit()
        time.sleep(0.05)
    assert 1 <= len(frames(box(0))) - before <= 3


def test_controls_filter_every_picture(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """What the controls say is asked of every picture, at once; the density keeps its hour."""
    board, box = make(minutes=5)
    until(lambda: all_drawn(box))
    board.controls.statuses["DELAYED"].value = True
    board.controls.altitude.value = (10_000, 45_000)
    until(lambda: all("DELAYED" in lake.of(p)[-1].params.get("status", []) for p in PICTURES))
    until(lambda: all(lake.of(p)[-1].params.get("min_altitude") == ["10000"] for p in PICTURES))
    assert [lake.of(p)[-1].params["minutes"] for p in PICTURES] == [["5"], ["5"], ["5"], ["60"]]
    until(lambda: {row[2] for row in frames(box(0))[-1]["rows"]} == {"DELAYED"})
    assert board.filters == {"status": ["DELAYED"], "min_altitude": 10_000, "minutes": 5}
    assert "The lake is asked for status=DELAYED · min_altitude=10000" in board.note.value


def test_a_wrong_region_is_told_and_the_filter_stays(
    make: Callable[..., Any], lake: ScriptedLake
) -> None:
    """The backend's words stand beside the controls; the pictures go on with the old filter."""
    board, box = make()
    until(lambda: all_drawn(box))
    lake.refuse = lambda one: "region cannot be '41_-75'." if "region" in one.params else ""
    board.controls.region.value = "41_-75"
    words = "region cannot be '41_-75'. The filter stays as it was."
    until(lambda: board.note.value == words)
    assert "region" not in board.filters
    ends = str(lake.commit())[-4:]
    until(lambda: told(box(0))["snapshot"].endswith(ends))
    assert (told(box(0))["state"], told(box(0))["message"]) == ("live", "")


def test_show_all_lets_everything_through(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """One press takes back every filter, and the minutes to where they began."""
    board, box = make(minutes=20)
    until(lambda: all_drawn(box))
    board.controls.statuses["CANCELLED"].value = True
    board.controls.more["minutes"].widget.value = 3
    until(lambda: board.filters == {"status": ["CANCELLED"], "minutes": 3})
    board.controls.reset.click()
    until(lambda: board.filters == {"minutes": 20})
    assert lake.of("/flights")[-1].params.keys() == {"minutes", "limit"}


@pytest.mark.parametrize(
    "detail",
    ["Trino is not answering on localhost:1. Start it.", "Flink is not answering on localhost:2."],
)
def test_an_engine_that_is_down_is_told_and_comes_back(
    make: Callable[..., Any], lake: ScriptedLake, detail: str
) -> None:
    """The line has the backend's words, the age grows, the pictures stay; then all goes on."""
    board, box = make()
    until(lambda: all_drawn(box))
    drawn = [len(frames(box(nth))) for nth in range(4)]
    lake.trouble = (503, {"detail": detail})
    until(lambda: told(box(0))["message"] == detail)
    age_s = told(box(0))["age_s"]
    until(lambda: told(box(0))["age_s"] > age_s)
    assert told(box(0))["state"] == "troubled"
    assert [len(frames(box(nth))) for nth in range(4)] == drawn
    assert detail in repr(board)
    lake.trouble = None
    ends = str(lake.commit())[-4:]
    until(lambda: all(told(box(nth))["snapshot"].endswith(ends) for nth in range(4)))
    assert told(box(0))["message"] == ""


def test_a_backend_that_goes_and_comes_back(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """Without a backend the line says so by its address, and later finds it again by itself."""
    _, box = make()
    until(lambda: all_drawn(box))
    lake.stop()
    until(lambda: f"not answering on 127.0.0.1:{lake.port}" in told(box(0))["message"])
    lake.start()
    until(lambda: told(box(0))["message"] == "")


def test_a_slow_lake_gets_one_question_a_picture(
    make: Callable[..., Any], lake: ScriptedLake
) -> None:
    """While answers are under way, changed filters ask nothing more; the last one wins."""
    board, box = make()
    until(lambda: all_drawn(box))
    lake.doors.clear()
    lake.most_inside = 0
    for status in ("DELAYED", "CANCELLED", "DIVERTED"):
        board.controls.statuses[status].value = True
        time.sleep(0.05)
    until(lambda: lake.inside == 1)
    assert lake.most_inside == 1
    lake.doors.set()
    until(lambda: board.filters.get("status") == ["DELAYED", "CANCELLED", "DIVERTED"])


def test_a_snapshot_stays_with_rows_and_pictures(make: Callable[..., Any]) -> None:
    """It needs no kernel and no network: a table, three pictures, and the same in words."""
    board, _ = make()
    bundle = board.snapshot()._repr_mimebundle_()
    html, words = bundle["text/html"], bundle["text/plain"]
    assert html.count('<img src="data:image/svg+xml;base64,') == 3
    assert "http" not in html
    assert html.count("<tr") == 13
    for text in ("UAL0-3", "snapshot 7918…0003", "30 rows"):
        assert text in html
        assert text in words
    assert "busiest regions: 25_-60 50" in words
    assert "mean altitude of the last minute" in words


def test_a_snapshot_after_a_change_is_by_the_new_filter(
    make: Callable[..., Any], lake: ScriptedLake
) -> None:
    """Taken right after a control was moved, it waits for the answer to that."""
    board, box = make()
    until(lambda: all_drawn(box))
    board.controls.statuses["DELAYED"].value = True
    assert "CANCELLED" not in board.snapshot().words
    assert "DELAYED" in board.snapshot().words
    assert lake.of("/flights/density")[-1].params["status"] == ["DELAYED"]


def test_a_snapshot_of_nothing_says_why(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """Without an answer a report must not look fine."""
    lake.trouble = (503, {"detail": "Trino is not answering on localhost:1."})
    board, _ = make()
    with pytest.raises(StreamError, match=r"within 0\.5 s\. Trino is not answering") as caught:
        board.snapshot(within_s=0.5)
    assert "\n" not in str(caught.value)


def test_an_empty_lake_is_drawn_empty(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """Before the first commit there are no rows, no bars and no trouble."""
    lake.commits = []
    board, box = make()
    until(lambda: all_drawn(box))
    assert frames(box(0))[-1]["rows"] == []
    assert told(box(0))["age_s"] is None
    assert "snapshot none yet" in board.snapshot().words


def test_closed_it_asks_no_more(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """After close nothing is asked, and the lines say that it is closed."""
    board, box = make()
    until(lambda: all_drawn(box))
    board.close()
    asked = len(lake.asked)
    lake.commit()
    time.sleep(1.2)
    assert len(lake.asked) == asked
    assert all(told(box(nth))["message"] == "Closed" for nth in range(4))


def test_displaying_it_shows_every_picture(make: Callable[..., Any]) -> None:
    """The pictures below the controls are sent everything, as if each were shown by itself."""
    board, box = make()
    until(lambda: all_drawn(box))
    board._repr_mimebundle_()
    until(lambda: all([m["type"] for m, _ in box(n)].count("setup") >= 2 for n in range(4)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"minutes": 0}, "minutes cannot be 0; allowed: 1 to 60"),
        ({"minutes": 61}, "minutes cannot be 61"),
        ({"rows": 5000}, "rows cannot be 5000; allowed: 1 to 1,000"),
        ({"region": "mars"}, "region cannot be 'mars'"),
        ({"theme": "red"}, "theme cannot be 'red'"),
    ],
)
def test_a_wrong_argument_is_refused(lake: ScriptedLake, given: dict[str, Any], words: str) -> None:
    """What was given and what is allowed stand in one line."""
    with pytest.raises(SettingError, match=words):
        Dashboard(url=lake.url, **given)


def test_without_a_backend_it_is_refused() -> None:
    """A path needs a backend in this kernel."""
    with pytest.raises(StreamError, match="The backend is not running"):
        Dashboard()
