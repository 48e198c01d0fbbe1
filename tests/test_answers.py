"""Questions to the backend about the lake: answered, refused, unanswered, and asked again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pandas as pd
import pytest
from scripted_answers import ScriptedLake, serving

from flightlib.errors import EngineDown, StreamError
from flightlib.live import Poller, Question, Refused, ask, read


@pytest.fixture
def lake() -> Iterator[ScriptedLake]:
    """A running lake with three commits."""
    with serving() as running:
        yield running


def until(condition: Callable[[], Any], within_s: float = 10.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_an_answer_is_a_table_that_knows_its_snapshot(lake: ScriptedLake) -> None:
    """Columns keep their types, times are UTC, and `attrs` name the snapshot."""
    table = read(lake.url, minutes=5, status=["DELAYED", "DIVERTED"], region=None)
    assert str(table["timestamp"].dt.tz) == "UTC"
    assert pd.api.types.is_integer_dtype(table["altitude"])
    assert set(table["status"]) == {"DELAYED", "DIVERTED"}
    assert table.attrs["snapshot"] == str(lake.commits[-1].snapshot_id)
    assert pd.Timestamp(table.attrs["committed"]) == lake.commits[-1].committed
    assert lake.asked[-1].params == {"minutes": ["5"], "status": ["DELAYED", "DIVERTED"]}


def test_an_answer_grows_older_by_itself(lake: ScriptedLake) -> None:
    """The age is counted from the commit, and never runs backwards."""
    answer = ask(Question(lake.url))
    assert answer.age_s is not None
    assert answer.age_s > 1
    first = answer.age_s
    time.sleep(0.02)
    assert answer.age_s > first


def test_nothing_new_gives_the_same_answer_back(lake: ScriptedLake) -> None:
    """Asked again, the very same object comes back until there is a commit."""
    first = ask(Question(lake.url))
    assert ask(Question(lake.url), first) is first
    lake.commit()
    second = ask(Question(lake.url), first)
    assert second is not first
    assert len(second.table) > len(first.table)


def test_an_answer_to_another_question_is_not_offered(lake: ScriptedLake) -> None:
    """The name of an answer is sent only with the question it belongs to."""
    first = ask(Question(lake.url))
    ask(Question(lake.url, limit=5), first)
    assert lake.asked[-1].etag is None


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (422, {"detail": "limit cannot be '0'; allowed: 1."}, Refused, "limit cannot be '0'"),
        (503, {"detail": "Trino is not answering on localhost:1."}, StreamError, "^Trino is not"),
        (504, {"detail": "The query took longer than 20 s."}, StreamError, "longer than 20 s"),
        (404, {"detail": "Not Found"}, Refused, r"/flights answers 404: not found"),
        (500, {}, StreamError, "answers 500: no reason was given"),
    ],
)
def test_what_the_backend_says_is_the_error(
    lake: ScriptedLake, status: int, body: Any, kind: type[StreamError], words: str
) -> None:
    """Its own words make one line; only a question at fault is refused."""
    lake.trouble = (status, body)
    with pytest.raises(StreamError, match=words) as caught:
        ask(Question(lake.url))
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_a_backend_that_is_not_there_is_named(lake: ScriptedLake) -> None:
    """Nobody answers: one line with the address."""
    lake.stop()
    with pytest.raises(StreamError, match=rf"not answering on 127\.0\.0\.1:{lake.port}\."):
        read(lake.url)


def test_without_a_backend_a_path_is_refused() -> None:
    """A path needs a backend in this kernel, and the line says how to get it."""
    with pytest.raises(StreamError, match="Run `%load_ext flightlib` first"):
        read("/flights")


def test_what_is_no_table_is_refused(lake: ScriptedLake) -> None:
    """An answer in another format is named, not guessed at."""
    lake.trouble = (200, {"flights": []})
    with pytest.raises(Refused, match="does not answer with a table"):
        ask(Question(lake.url))


def test_before_the_first_commit_there_is_no_snapshot() -> None:
    """An empty lake gives an empty table without a snapshot or an age."""
    with serving(commits=0) as lake:
        answer = ask(Question(lake.url))
    assert (answer.snapshot_id, answer.committed_ms, answer.age_s) == (None, None, None)
    assert answer.table.empty


def test_parameters_are_put_into_words() -> None:
    """Lists repeat, truth is lower case, moments are ISO 8601, None is left out."""
    at = datetime(2026, 1, 2, tzinfo=timezone.utc)
    asked = Question("/flights", region=["40_-75", "35_-80"], since=at, exact=True, limit=None)
    assert asked.params == (
        ("region", "40_-75"),
        ("region", "35_-80"),
        ("since", "2026-01-02T00:00:00+00:00"),
        ("exact", "true"),
    )
    turned = asked.turned("/flights/density", region=None, cell=1.0)
    assert turned.path == "/flights/density"
    assert [name for name, _ in turned.params] == ["since", "exact", "cell"]
    assert turned.turned("/flights/density", cell=1.0) == turned


@pytest.fixture
def poll() -> Iterator[Callable[..., Poller[Any]]]:
    """Make pollers that are stopped at the end; none of their threads is left then."""
    made: list[Poller[Any]] = []

    def create(ask: Callable[[], Any], beat_s: float = 0.01) -> Poller[Any]:
        made.append(Poller(ask, beat_s))
        made[-1].start()
        return made[-1]

    yield create
    for one in made:
        one.stop()
    until(lambda: not [t for t in threading.enumerate() if t.name == "flightlib-poller"])


def test_trouble_keeps_the_last_answer_and_ends_by_itself(poll: Callable[..., Any]) -> None:
    """While asking fails the last answer stays; the next good one clears the line."""
    down = threading.Event()

    def question() -> str:
        if down.is_set():
            raise EngineDown("Trino", "localhost:1")
        return "well"

    poller = poll(question)
    until(lambda: poller.newest == "well")
    down.set()
    until(lambda: "Trino is not answering" in poller.trouble)
    assert poller.newest == "well"
    down.clear()
    until(lambda: poller.trouble == "")


def test_only_what_changes_is_told(poll: Callable[..., Any]) -> None:
    """The same answer again and again is no news."""
    answer, asked, heard = object(), [0], [0]

    def question() -> object:
        asked[0] += 1
        return answer

    poller = poll(question, 0.0)
    poller.on_change(lambda _: heard.__setitem__(0, heard[0] + 1))
    until(lambda: asked[0] > 20)
    assert heard[0] <= 1


def test_a_poller_asks_one_question_at_a_time(poll: Callable[..., Any]) -> None:
    """However often it is woken, the next question waits for the answer to the last."""
    inside, most = [0], [0]

    def question() -> object:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        inside[0] -= 1
        return object()

    poller = poll(question)
    for _ in range(50):
        poller.wake()
        time.sleep(0.002)
    assert most[0] == 1


def test_an_answer_that_comes_after_the_end_is_not_taken(poll: Callable[..., Any]) -> None:
    """Stopped while a question is under way, a poller keeps what it had."""
    asked, go = threading.Event(), threading.Event()

    def question() -> str:
        asked.set()
        go.wait(5)
        return "late"

    poller = poll(question)
    until(asked.is_set)
    poller.stop()
    go.set()
    time.sleep(0.05)
    assert poller.newest is None


def test_a_mistake_is_told_and_does_not_end_the_asking(
    poll: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is in the line and in the log, and the next question is asked."""
    answers = iter([1 / 3])

    def question() -> float:
        found = next(answers, None)
        if found is None:
            raise KeyError("flights")
        return found

    poller = poll(question)
    until(lambda: "not understood: KeyError('flights')" in poller.trouble)
    assert poller.newest == 1 / 3
    assert "A question failed" in caplog.text
