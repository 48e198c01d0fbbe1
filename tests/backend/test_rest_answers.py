"""Answers at hand: what is asked of Trino, what is shared, what is stale, and for how long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from scripted_lake import Lake

from flightlib.backend import answers as answers_module
from flightlib.backend.answers import Answers
from flightlib.backend.cache import Cache, Entry
from flightlib.backend.formats import CSV, JSON
from flightlib.backend.pool import Pool
from flightlib.backend.trouble import Busy
from flightlib.errors import EngineDown, LakeError
from flightlib.kafka import now_ms
from flightlib.lake import Question, TooLong, placed

FLIGHTS = Question("flights", minutes=10)


async def ask(answers: Answers, question: Question = FLIGHTS, media: str = JSON) -> tuple[int, str]:
    """Ask, and give the snapshot of the answer and how it was come by."""
    entry, outcome = await answers.get(question, await answers.place(question), media)
    assert entry.bodies[media]
    return (entry.window.snapshot.snapshot_id if entry.window.snapshot else 0), outcome


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        await asyncio.sleep(0.005)


def run(scene: Callable[[], Awaitable[None]]) -> None:
    """Play a scene on an event loop of its own."""
    asyncio.run(scene())  # type: ignore[arg-type]


async def told(answers: Answers) -> None:
    """Let the backend learn of a commit."""
    await answers.newest.state(fresh=True)


def test_equal_questions_between_two_commits_cost_one_query() -> None:
    """The second is a hit, in whatever format, and asks neither Trino nor the catalog."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        assert await ask(answers) == (2, "miss")
        assert await ask(answers) == (2, "hit")
        assert await ask(answers, media=CSV) == (2, "hit")
        assert len(lake.asked) == 1

    run(scene)


def test_equal_questions_at_once_share_one_query() -> None:
    """Fifty clients who ask the same at the same time are answered by one query."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        lake.gate.clear()
        clients = [asyncio.create_task(ask(answers)) for _ in range(50)]
        await until(lambda: bool(lake.asked))
        lake.gate.set()
        assert set(await asyncio.gather(*clients)) == {(2, "miss")}
        assert (len(lake.asked), lake.states) == (1, 1)

    run(scene)


def test_an_answer_that_was_newest_a_moment_ago_is_given_at_once() -> None:
    """It names its own snapshot, and is renewed behind the client's back, once."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        await ask(answers)
        lake.commit()
        await told(answers)
        lake.gate.clear()
        assert [await ask(answers) for _ in range(5)] == [(2, "stale")] * 5
        lake.gate.set()
        await until(lambda: lake.versions() == [2, 3])
        await until(lambda: answers.pool.running == 0)
        assert await ask(answers) == (3, "hit")

    run(scene)


def test_while_an_answer_is_being_renewed_the_older_one_still_serves() -> None:
    """A client need not wait for a renewal that is on its way, within ten seconds."""

    async def scene() -> None:
        lake, later_ms = Lake(), [0]
        answers = Answers(lake, clock=lambda: now_ms() + later_ms[0])
        await ask(answers)
        lake.commit()
        await told(answers)
        lake.gate.clear()
        assert await ask(answers) == (2, "stale")
        later_ms[0] = answers_module.STALE_MS + 100
        assert await ask(answers) == (2, "stale")
        later_ms[0] = answers_module.BUSY_STALE_MS + 100
        waiting = asyncio.create_task(ask(answers))
        await until(lambda: bool(answers.pool.running))
        lake.gate.set()
        assert await waiting == (3, "miss")

    run(scene)


def test_an_answer_that_is_older_is_waited_for() -> None:
    """Once a later commit is more than three seconds old, nobody gets the earlier answer."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        await ask(answers)
        lake.commit(age_s=answers_module.STALE_MS / 1000 + 0.1)
        await told(answers)
        assert await ask(answers) == (3, "miss")

    run(scene)


def test_a_question_in_the_line_is_asked_of_the_newest_commit() -> None:
    """What was committed while it stood in the line is in the answer."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake, pool=Pool(size=1))
        lake.gate.clear()
        first = asyncio.create_task(ask(answers, Question("regions", minutes=10)))
        await until(lambda: len(lake.asked) == 1)
        second = asyncio.create_task(ask(answers))
        await until(lambda: answers.pool.waiting == 1)
        lake.commit()
        await told(answers)
        lake.gate.set()
        assert [await first, await second] == [(2, "miss"), (3, "miss")]

    run(scene)


def test_a_snapshot_asked_for_by_number_stays() -> None:
    """Its answer is the same whatever is committed later, and costs one query for ever."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        pinned = Question("flights", minutes=10, snapshot=1)
        assert await ask(answers, pinned) == (1, "miss")
        lake.commit(age_s=60)
        await told(answers)
        assert await ask(answers, pinned) == (1, "hit")

    run(scene)


def test_a_failed_query_is_not_kept() -> None:
    """All who waited are told; the next client asks anew."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        lake.trouble["ask"] = LakeError("a file is damaged: x.parquet")
        with pytest.raises(LakeError, match=r"x\.parquet"):
            await ask(answers)
        del lake.trouble["ask"]
        assert await ask(answers) == (2, "miss")

    run(scene)


def test_at_most_four_queries_run_at_once() -> None:
    """The others stand in the line, and all are answered."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        lake.gate.clear()
        many = [Question("flights", minutes=n) for n in range(1, 21)]
        clients = [asyncio.create_task(ask(answers, question)) for question in many]
        await until(lambda: (answers.pool.waiting, lake.most) == (16, 4))
        lake.gate.set()
        await asyncio.gather(*clients)
        assert (len(lake.asked), lake.most) == (20, 4)

    run(scene)


def test_a_full_line_turns_clients_away() -> None:
    """Beyond the line a client hears at once that too much is asked."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake, pool=Pool(size=1, line=2))
        lake.gate.clear()
        waiting = [asyncio.create_task(ask(answers, Question("flights", n))) for n in range(1, 4)]
        await until(lambda: answers.pool.waiting == 2)
        with pytest.raises(Busy, match="1 queries run and 2 wait"):
            await ask(answers, Question("flights", 9))
        lake.gate.set()
        await asyncio.gather(*waiting)

    run(scene)


def test_clients_go_before_refreshes() -> None:
    """What nobody waits for leaves places free, and comes after what somebody waits for."""

    async def scene() -> None:
        pool, order = Pool(size=2), []
        gate = asyncio.Event()

        async def go(name: str, urgent: bool) -> None:
            await pool.turn(pool.enter(urgent))
            order.append(name)
            await gate.wait()
            await pool.run(lambda: None)

        tasks = [
            asyncio.create_task(go(name, name.startswith("client")))
            for name in ("refresh 1", "refresh 2", "client 1", "refresh 3", "client 2")
        ]
        await until(lambda: len(order) == 2)
        assert order == ["refresh 1", "client 1"]
        gate.set()
        await asyncio.gather(*tasks)
        assert order[2] == "client 2"

    run(scene)


def test_nobody_waits_for_ever() -> None:
    """A query that hangs ends for the client after a while, with a line."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake, within_s=0.1)
        lake.gate.clear()
        with pytest.raises(TooLong, match=r"no answer from Trino after 0\.15 s"):
            await ask(answers)
        lake.gate.set()

    run(scene)


def test_health_tells_what_is_known_and_waits_for_nobody() -> None:
    """Before the first question nothing is asked; a catalog that hangs or is away is told."""

    async def scene() -> None:
        lake = Lake()
        answers = Answers(lake)
        assert (await answers.health())["state"] == "waiting"
        assert lake.states == 0
        await ask(answers)
        health = await answers.health()
        assert (health["state"], health["snapshot"]) == ("up", "2")
        assert 0.5 <= health["age_s"] < 20
        lake.trouble["state"] = EngineDown("The Iceberg catalog", "127.0.0.1:8181")
        health = await answers.health()
        assert (health["state"], health["snapshot"]) == ("down", "2")
        assert "Iceberg catalog" in health["message"]

    run(scene)


def test_a_pause_ends_the_window_with_the_last_full_minute() -> None:
    """When the newest commit is old, the window goes on with the clock, minute by minute."""
    lake = Lake(ages_s=(300,))
    newest, now = lake.snapshots[-1], now_ms()
    window = placed(FLIGHTS, newest, now)
    assert window.until.second == window.until.microsecond == 0
    assert placed(FLIGHTS, newest, now - now % 60_000 + 59_999) == window
    young = placed(FLIGHTS, newest, newest.committed_ms + 59_000)
    assert young.until.timestamp() != window.until.timestamp()


def entry_of(lake: Lake, number: int, size: int) -> Entry:
    """An answer of a snapshot with so many bytes."""
    window = placed(FLIGHTS, lake.snapshots[number - 1], now_ms())
    return Entry(window, (), {JSON: b"x" * size})


def test_what_a_rollback_took_back_is_told_no_more() -> None:
    """With an earlier commit the newest again, its answer is asked for, and kept."""

    async def scene() -> None:
        lake = Lake()
        lake.commit(age_s=-0.001)
        answers = Answers(lake)
        first = await ask(answers)
        lake.snapshots.pop()
        await told(answers)
        now = await ask(answers)
        assert now[0] < first[0]
        assert now[1] == "miss"
        assert await ask(answers) == (now[0], "hit")

    run(scene)


def test_the_cache_is_bounded_in_number_and_bytes() -> None:
    """Who was not asked for longest goes first; an older answer never replaces a newer one."""
    lake, cache = Lake(), Cache(entries=3, most_bytes=1000)
    questions: list[Any] = [Question("flights", minutes=n) for n in range(1, 6)]
    for question in questions[:3]:
        cache.put(question, entry_of(lake, 2, 100))
    cache.get(questions[0])
    cache.put(questions[3], entry_of(lake, 2, 100))
    assert [cache.get(q) is not None for q in questions[:4]] == [True, False, True, True]
    cache.put(questions[4], entry_of(lake, 2, 950))
    assert (len(cache), cache.bytes_held) == (1, 950)
    cache.put(questions[4], entry_of(lake, 1, 10))
    assert cache.bytes_held == 950
