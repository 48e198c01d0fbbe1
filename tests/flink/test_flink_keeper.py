"""The keeper's rounds: what Flink has forgotten comes back, and nothing else is touched."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_flink import ScriptedFlink, page, refusal

from flightlib.flink.beat import FRESH_S, beat_file, beats
from flightlib.flink.book import Book, Entry
from flightlib.flink.keeper import Keeper
from flightlib.settings import Settings, load

SQL = "INSERT INTO processed_flights SELECT * FROM v"
VIEW = "CREATE VIEW v AS SELECT * FROM regional"


@pytest.fixture
def book(settings: Settings) -> Book:
    """The book of the temporary data folder."""
    return Book(settings)


@pytest.fixture
def keeper(settings: Settings) -> Keeper:
    """A keeper of that folder; nothing was tried yet."""
    return Keeper(settings)


@pytest.fixture
def entry(book: Book, flink: ScriptedFlink) -> Entry:
    """A job that is wanted; Flink would start it anew under the id `new`."""
    flink.answer("^INSERT", page(("x",), job="new"), page(last=True))
    return book.write(Entry("a-job", SQL, (VIEW,), "old"))


def checkpoint(settings: Settings, job_id: str, number: int, done: bool = True) -> Path:
    """Make a checkpoint of a job, complete or not."""
    folder = settings.data / "flink" / "checkpoints" / job_id / f"chk-{number}"
    folder.mkdir(parents=True)
    if done:
        (folder / "_metadata").touch()
    return folder


def inserts(flink: ScriptedFlink) -> list[dict[str, str]]:
    """Give the configurations with which jobs were submitted."""
    return [config for text, config in flink.said if text == SQL]


def test_a_forgotten_job_goes_on_from_its_newest_checkpoint(
    flink: ScriptedFlink, settings: Settings, book: Book, keeper: Keeper, entry: Entry
) -> None:
    """A JobManager that knows nothing gets the job again, shaped alike, with its name and state."""
    checkpoint(settings, "old", 9)
    newest = checkpoint(settings, "old", 12)
    checkpoint(settings, "old", 13, done=False)
    keeper.round()
    assert inserts(flink) == [
        {
            "pipeline.name": "a-job",
            "execution.state-recovery.path": f"file://{newest}",
            "execution.state-recovery.claim-mode": "CLAIM",
        }
    ]
    kept = book.read("a-job")
    assert kept is not None
    assert (kept.job_id, kept.state, kept.wanted) == ("new", f"file://{newest}", "running")
    assert re.fullmatch(r"Restored from checkpoint 12 at \d\d:\d\d:\d\d UTC\.", kept.note)
    texts = [text for text, _ in flink.said]
    assert texts.index(VIEW) < texts.index(SQL)
    assert "'properties.group.id' = 'flightlib-a-job'" in texts[0]
    assert "'scan.startup.mode' = 'group-offsets'" in texts[0]
    assert flink.sessions == {}


def test_a_job_without_a_checkpoint_goes_on_from_its_offsets(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry
) -> None:
    """A job that was lost before its first checkpoint begins where its group stands."""
    keeper.round()
    assert inserts(flink) == [{"pipeline.name": "a-job"}]
    kept = book.read("a-job")
    assert kept is not None
    assert kept.note.startswith("Restored from its committed offsets at ")


def test_a_job_without_a_checkpoint_of_its_own_goes_on_from_where_it_began(
    flink: ScriptedFlink, settings: Settings, book: Book, keeper: Keeper, entry: Entry
) -> None:
    """A job that was restored and lost again at once keeps the state it had."""
    began = checkpoint(settings, "before", 3)
    book.write(replace(entry, state=f"file://{began}"))
    keeper.round()
    assert inserts(flink)[0]["execution.state-recovery.path"] == f"file://{began}"


@pytest.mark.parametrize("state", ["RUNNING", "RESTARTING", "CREATED", "FAILING", "FAILED"])
def test_a_job_that_flink_knows_is_left_alone(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry, state: str
) -> None:
    """Flink restarts its own jobs; one that has failed for good is shown, not tried for ever."""
    flink.run("old", state=state)
    keeper.round()
    assert flink.said == []
    assert book.entries() == [entry]


@pytest.mark.parametrize("wanted", ["stopped", "finished"])
def test_a_job_that_nobody_wants_stays_away(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry, wanted: str
) -> None:
    """A stopped job is not started, and Flink is not even asked."""
    book.write(replace(entry, wanted=wanted))  # type: ignore[arg-type]
    keeper.round()
    assert flink.asked == []


def test_nothing_is_restored_before_all_of_flink_is_there(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry
) -> None:
    """Without a gateway or a TaskManager the keeper waits, and restores once both are there."""
    flink.gateway_ready = False
    keeper.round()
    flink.gateway_ready, flink.task_managers = True, 0
    keeper.round()
    assert flink.said == []
    assert book.entries() == [entry]
    flink.task_managers = 1
    keeper.round()
    assert len(inserts(flink)) == 1


def test_a_flink_that_is_down_is_waited_for(
    flink: ScriptedFlink, settings: Settings, book: Book, entry: Entry
) -> None:
    """Nothing can be said of jobs while nobody answers; the entries stay."""
    nobody = settings.model_copy(update={"flink_port": 1, "gateway_port": 1})
    Keeper(nobody).round()
    assert book.entries() == [entry]
    assert flink.asked == []


@pytest.mark.parametrize(
    ("state", "wanted", "note"),
    [
        ("FINISHED", "finished", "It came to its end."),
        ("CANCELED", "stopped", "Cancelled outside of flightlib."),
    ],
)
def test_a_job_that_ended_is_let_go(
    flink: ScriptedFlink,
    book: Book,
    keeper: Keeper,
    entry: Entry,
    state: str,
    wanted: str,
    note: str,
) -> None:
    """What came to its end, or was cancelled on Flink's page, is not brought back."""
    flink.run("old", state=state)
    keeper.round()
    assert book.entries() == [replace(entry, wanted=wanted, note=note)]  # type: ignore[arg-type]
    flink.forget()
    keeper.round()
    assert flink.said == []


@pytest.mark.parametrize("state", [None, "FINISHED"])
def test_a_locked_book_is_left_alone(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry, state: str | None
) -> None:
    """While somebody starts or stops jobs the keeper touches none, and does so the next round."""
    if state:
        flink.run("old", state=state)
    with book.locked():
        keeper.round()
        assert flink.said == []
        assert book.entries() == [entry]
    keeper.round()
    assert book.entries() != [entry]


def test_a_job_that_cannot_be_restored_is_tried_again_later(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal is logged in one line, and the next rounds leave the job alone for a while."""
    flink.answer("^INSERT", refusal("a.b.ValidationException: no"), refusal("a.b.AnException: no"))
    keeper.round()
    keeper.round()
    assert len(inserts(flink)) == 1
    assert book.entries() == [entry]
    assert "a-job cannot be restored yet: Flink refuses this: no." in caplog.text
    keeper._not_before.clear()
    keeper.round()
    assert len(inserts(flink)) == 2


def test_one_job_that_cannot_be_restored_stops_no_other(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry
) -> None:
    """Each job is brought back by itself."""
    flink.answer("INTO flights", refusal("a.b.ValidationException: no"))
    book.write(Entry("a-first", "INSERT INTO flights SELECT 1", (), "lost"))
    keeper.round()
    assert [kept.job_id for kept in book.entries()] == ["lost", "new"]


def test_without_free_slots_a_job_waits(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry
) -> None:
    """A cluster without slots keeps the job waiting, and has it when a slot is free."""
    flink.slots = 0
    keeper.round()
    assert (flink.said, book.entries()) == ([], [entry])
    flink.slots = 4
    keeper.round()
    assert len(inserts(flink)) == 1


def test_a_damaged_entry_does_not_end_a_round(
    flink: ScriptedFlink, book: Book, keeper: Keeper, entry: Entry
) -> None:
    """Stray files beside the entries keep no job from coming back."""
    (book.folder / "half.json").write_text("{", encoding="utf-8")
    (book.folder / "Not A Job.json").write_text("{}", encoding="utf-8")
    keeper.round()
    assert len(inserts(flink)) == 1


def test_a_round_is_a_sign_of_life(settings: Settings, keeper: Keeper) -> None:
    """The keeper beats with each round, and a beat counts for its own process and not for ever."""
    assert not beats(settings)
    began_s = time.time() - 1
    keeper.round()
    assert beats(settings, began_s)
    assert not beats(settings, time.time() + 60)
    old_s = time.time() - FRESH_S - 1
    os.utime(beat_file(settings), (old_s, old_s))
    assert not beats(settings)


def test_a_keeper_does_nothing_in_an_empty_folder(flink: ScriptedFlink, keeper: Keeper) -> None:
    """Without jobs it asks nobody, round after round."""
    for _ in range(3):
        keeper.round()
    assert flink.asked == []


def test_each_folder_has_its_own_keeper(tmp_path: Path) -> None:
    """The beat of one folder's keeper says nothing of another's."""
    one, two = load(data=tmp_path / "one"), load(data=tmp_path / "two")
    Keeper(one).round()
    assert (beats(one), beats(two)) == (True, False)
