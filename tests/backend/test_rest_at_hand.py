"""Answers worked out from the newest rows at hand: when, and of which snapshot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from scripted_lake import Lake, client

from flightlib.backend import places
from flightlib.backend.answers import Answers
from flightlib.backend.formats import JSON
from flightlib.errors import EngineDown
from flightlib.kafka import now_ms
from flightlib.lake import Question, Tail
from flightlib.lake.recent import moment

FLIGHTS = Question("flights", minutes=10)
MOST_ROWS = 1000


class Rows:
    """What Trino gives to a tail: ten rows for each commit, at the moment of the commit."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self.asked = lake, 0
        self.trouble: Exception | None = None

    def __call__(self, sql: str, values: Sequence[Any]) -> list[list[Any]]:
        """Answer a question of the tail's."""
        self.asked += 1
        if self.trouble:
            raise self.trouble
        if "table_changes" in sql:
            return [[*row, "insert"] for row in self._of(self.lake.snapshots[-1].committed_ms)]
        return [row for one in self.lake.snapshots for row in self._of(one.committed_ms)]

    @staticmethod
    def _of(at_ms: int) -> list[list[Any]]:
        at = moment(at_ms * 1000 - 1).isoformat(" ")
        return [
            [f"F{i}", 40.5, -74.5, 31_000, "ON_TIME", at, "40_-75", 1, 1.5, at] for i in range(10)
        ]


async def until(condition: Callable[[], Any]) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        await asyncio.sleep(0.005)


def play(scene: Callable[[Lake, Rows, Answers], Awaitable[None]], **given: Any) -> None:
    """Play a scene with rows that are followed."""

    async def run() -> None:
        lake = Lake()
        rows = Rows(lake)
        answers = Answers(lake, tail=Tail(rows, most_rows=MOST_ROWS), **given)
        await scene(lake, rows, answers)
        answers.close()

    asyncio.run(run())


async def ask(answers: Answers, question: Question = FLIGHTS) -> tuple[int, str]:
    """Ask, and give the snapshot of the answer and how it was come by."""
    entry, outcome = await answers.get(question, await answers.place(question), JSON)
    assert entry.window.snapshot is not None
    return entry.window.snapshot.snapshot_id, outcome


async def held(answers: Answers, snapshot: int) -> None:
    """Wait until the rows of a snapshot are at hand."""
    await answers.place(FLIGHTS)
    hand = answers._at_hand
    assert hand is not None
    await until(lambda: hand.recent is not None and hand.recent.snapshot.snapshot_id == snapshot)


def test_once_rows_are_at_hand_a_new_question_does_not_go_to_trino() -> None:
    """The first may; after it any question whose window is there is worked out, then kept."""

    async def scene(lake: Lake, rows: Rows, answers: Answers) -> None:
        await held(answers, 2)
        asked = len(lake.asked)
        for topic in ("flights", "regions", "positions"):
            question = Question(topic, minutes=3)
            assert await ask(answers, question) == (2, "rows")
            assert await ask(answers, question) == (2, "hit")
        assert len(lake.asked) == asked

    play(scene)


def test_a_commit_is_followed_by_one_question_to_trino() -> None:
    """However many questions there are, its rows are asked for once, and then answered from."""

    async def scene(lake: Lake, rows: Rows, answers: Answers) -> None:
        await held(answers, 2)
        asked = rows.asked
        lake.commit()
        await held(answers, 3)
        many = [Question("flights", minutes=10, limit=n) for n in range(1, 30)]
        assert {await ask(answers, question) for question in many} == {(3, "rows")}
        assert (rows.asked, len(lake.asked)) == (asked + 1, 0)

    play(scene)


def test_while_newer_rows_are_on_their_way_the_older_ones_answer() -> None:
    """For ten seconds, and the answer names its snapshot; after that Trino is asked."""
    later_ms = [0]

    async def scene(lake: Lake, rows: Rows, answers: Answers) -> None:
        await held(answers, 2)
        rows.trouble = EngineDown("Trino", "127.0.0.1:8080")
        lake.commit()
        await answers.newest.state(fresh=True)
        assert await ask(answers, Question("regions", minutes=10)) == (2, "rows")
        later_ms[0] = places.BEHIND_MS + 1000
        assert await ask(answers, Question("regions", minutes=9)) == (3, "miss")

    play(scene, clock=lambda: now_ms() + later_ms[0])


def test_a_window_that_is_not_at_hand_is_asked_of_trino() -> None:
    """So is an earlier snapshot; neither is answered from rows of another."""

    async def scene(lake: Lake, rows: Rows, answers: Answers) -> None:
        await held(answers, 2)
        assert await ask(answers, Question("flights", minutes=10, snapshot=1)) == (1, "miss")
        assert await ask(answers, Question("flights", minutes=10, snapshot=2)) == (2, "rows")

    play(scene)


def test_rows_that_do_not_add_up_leave_the_answers_to_trino() -> None:
    """Nothing is held then, and no answer is missing or wrong."""

    async def scene(lake: Lake, rows: Rows, answers: Answers) -> None:
        await held(answers, 2)
        lake.commit()
        lake.commit()  # ten rows come for twenty
        hand = answers._at_hand
        assert hand is not None
        await until(lambda: hand.recent is None)
        assert await ask(answers) == (4, "miss")

    play(scene)


def test_rows_are_let_go_when_nobody_asks() -> None:
    """They take memory, and following them work."""

    async def scene(lake: Lake, rows: Rows, answers: Answers) -> None:
        hand = answers._at_hand
        assert hand is not None
        hand._idle_s = 0.2
        await held(answers, 2)
        await until(lambda: hand.recent is None)
        states = lake.states
        await asyncio.sleep(0)
        assert lake.states == states
        await held(answers, 2)

    play(scene)


def test_the_answer_says_how_it_was_come_by() -> None:
    """A header names it, and so does the count of answers."""
    lake = Lake()
    with client(lake, tail=Tail(Rows(lake))) as http:
        deadline_s = time.monotonic() + 20
        told = [http.get("/flights").headers["x-answer"]]
        while "rows" not in told:
            told.append(http.get(f"/flights?limit={len(told)}").headers["x-answer"])
            assert time.monotonic() < deadline_s
        assert 'outcome="rows"} 1.0' in http.get("/metrics").text
