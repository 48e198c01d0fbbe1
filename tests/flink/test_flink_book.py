"""What is kept of named jobs: entries, what they need, and the state they can go on from."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.errors import JobError
from flightlib.flink.book import Book, Entry, check_name, newest_checkpoint, relevant, state_of
from flightlib.settings import Settings, load

ENTRY = Entry(
    name="high-altitude",
    sql="INSERT INTO processed_flights SELECT * FROM regional WHERE altitude > 35000",
    setup=("SET 'a' = 'b'",),
    job_id="0a1b",
    state="file:///x/chk-3",
    began_ms=1,
    note="Started.",
)


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Settings with a data folder of their own, whose name has a space."""
    return load(data=tmp_path / "a folder")


def checkpoint(settings: Settings, number: int, job_id: str = "0a1b", done: bool = True) -> str:
    """Make a checkpoint as Flink does: it is complete once it has its _metadata."""
    folder = settings.data / "flink" / "checkpoints" / job_id / f"chk-{number}"
    folder.mkdir(parents=True)
    if done:
        (folder / "_metadata").touch()
    return f"file://{folder}"


def test_an_entry_comes_back_as_it_was_kept(here: Settings) -> None:
    """What is written is read again, by any other book of the same folder, in order of names."""
    other = replace(ENTRY, name="a-job", wanted="stopped", state=None, setup=())
    for entry in (ENTRY, other):
        assert Book(here).write(entry) == entry
    assert Book(here).read(ENTRY.name) == ENTRY
    assert Book(here).entries() == [other, ENTRY]
    assert [path.suffix for path in Book(here).folder.iterdir()] == [".json", ".json"]


def test_a_name_nobody_kept_is_none(here: Settings) -> None:
    """A job that was never started has no entry, and an empty folder has none at all."""
    assert Book(here).read("nobody") is None
    assert Book(here).entries() == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"name": "bad"}', '{"setup": 5}', "\x00", "é"]
)
def test_a_damaged_file_is_skipped(here: Settings, text: str) -> None:
    """A file that is half or nonsense hides no other entry, and can be written anew."""
    book = Book(here)
    book.write(ENTRY)
    (book.folder / "bad.json").write_text(text, encoding="latin-1")
    (book.folder / "half.draft").write_text('{"name":', encoding="utf-8")
    assert book.entries() == [ENTRY]
    assert book.write(replace(ENTRY, name="bad")) in book.entries()


def test_an_entry_of_another_version_is_skipped(here: Settings) -> None:
    """A field this version does not know makes an entry unreadable, not the program."""
    book = Book(here)
    book.write(ENTRY)
    path = book.folder / f"{ENTRY.name}.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**told, "mood": "good"}), encoding="utf-8")
    assert book.entries() == []


def test_a_file_with_a_name_no_job_has_is_skipped(here: Settings) -> None:
    """A stray file beside the entries does no harm."""
    book = Book(here)
    book.write(ENTRY)
    (book.folder / "My notes.json").write_text("{}", encoding="utf-8")
    assert book.entries() == [ENTRY]


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", ".", "-a", "A", "a b", "a\n", "é", "x" * 61, "a.json", "\x00"]
)
def test_a_name_that_leads_elsewhere_is_refused(here: Settings, name: str) -> None:
    """A job's name becomes a file's: nothing but small letters, digits and - gets there."""
    for act in (check_name, Book(here).read, lambda n: Book(here).write(replace(ENTRY, name=n))):
        with pytest.raises(JobError, match="small letters, digits and -, at most 60") as error:
            act(name)
        assert len(str(error.value).splitlines()) == 1


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,59}", fullmatch=True))
def test_a_plain_name_is_given_back(name: str) -> None:
    """Every name of the allowed kind is a name."""
    assert check_name(name) == name


def test_blanks_and_comments_do_not_make_another_job() -> None:
    """The same SQL written otherwise is the same job; other SQL or another setup is not."""
    sql = ENTRY.sql.replace(" FROM", "  -- from where\n\tFROM") + " ;"
    assert ENTRY.same_as(sql, ("SET  'a' = /* c */ 'b';",))
    assert not ENTRY.same_as(ENTRY.sql.replace("35000", "36000"), ENTRY.setup)
    assert not ENTRY.same_as(ENTRY.sql, ())
    assert not ENTRY.same_as(ENTRY.sql, ("SET 'a' = 'b '",))


def test_a_create_that_was_run_again_makes_no_other_job() -> None:
    """Running a notebook's cells again leaves its jobs alone, though a DROP came in between."""
    made = "CREATE VIEW v AS SELECT 1"
    again = ("DROP VIEW IF EXISTS `v`", made)
    entry = replace(ENTRY, setup=(made,))
    assert entry.same_as(ENTRY.sql, again)
    assert replace(ENTRY, setup=again).same_as(ENTRY.sql, (made,))
    assert not entry.same_as(ENTRY.sql, (again[0], "CREATE VIEW v AS SELECT 2"))


@pytest.mark.parametrize(
    ("setup", "sql", "kept"),
    [
        (["CREATE VIEW a AS SELECT 1", "CREATE VIEW b AS SELECT 2"], "FROM b", [1]),
        (["CREATE VIEW a AS SELECT 1", "CREATE VIEW b AS SELECT * FROM a"], "FROM b", [0, 1]),
        (["CREATE VIEW `my view` AS SELECT 1"], "FROM `my view`", [0]),
        (["create temporary view if not exists `a` as select 1"], "FROM a", [0]),
        (["-- why\nCREATE VIEW a AS SELECT 1"], "FROM b", []),
        (["CREATE VIEW lake.db.a AS SELECT 1"], "FROM a", [0]),
        (["CREATE FUNCTION climb AS 'x.Climb'"], "SELECT CLIMB(a)", [0]),
        (["SET 'a' = 'b'", "USE CATALOG c", "DROP VIEW a"], "FROM b", [0, 1]),
        (["ALTER TABLE flights SET ('x' = 'y')", "DROP TABLE IF EXISTS f"], "FROM flights", [0]),
    ],
)
def test_relevant(setup: list[str], sql: str, kept: list[int]) -> None:
    """A job takes along what it uses, and what that uses, in order; settings always."""
    assert relevant(setup, f"INSERT INTO x {sql}") == tuple(setup[n] for n in kept)


def test_python_settings_go_along_with_python_functions_only() -> None:
    """A job without a Python function starts no Python."""
    setup = [
        "SET 'python.files' = '/x'",
        "CREATE TEMPORARY FUNCTION `climb` AS 'm.climb' LANGUAGE PYTHON",
        "SET 'a' = 'b'",
    ]
    assert relevant(setup, "INSERT INTO x SELECT climb(a) FROM y") == tuple(setup)
    assert relevant(setup, "INSERT INTO x SELECT a FROM y") == ("SET 'a' = 'b'",)


def test_the_newest_complete_checkpoint_is_found(here: Settings) -> None:
    """Numbers are compared as numbers, and a checkpoint without _metadata is none."""
    assert newest_checkpoint(here, "0a1b") is None
    checkpoint(here, 9)
    newest = checkpoint(here, 10)
    checkpoint(here, 11, done=False)
    checkpoint(here, 99, job_id="other")
    assert newest_checkpoint(here, "0a1b") == newest


def test_a_job_goes_on_from_its_newest_checkpoint_or_from_where_it_began(here: Settings) -> None:
    """Its own checkpoint comes first, then the state it began from if that is still there."""
    began = checkpoint(here, 5, job_id="before")
    entry = replace(ENTRY, state=began)
    assert state_of(here, entry) == began
    assert state_of(here, replace(entry, state=began.replace("file:///", "file:/"))) is not None
    own = checkpoint(here, 1)
    assert state_of(here, entry) == own


def test_a_state_that_is_gone_is_none(here: Settings) -> None:
    """A job whose state was deleted has none, and so goes on from its offsets."""
    assert state_of(here, replace(ENTRY, state=None)) is None
    assert state_of(here, replace(ENTRY, state=checkpoint(here, 5, "before", done=False))) is None
    assert state_of(here, replace(ENTRY, state="file:/nowhere/savepoint-1")) is None


def test_two_do_not_start_jobs_at_once(here: Settings) -> None:
    """While one works on the jobs another is refused in one line, and may do so afterwards."""
    with Book(here).locked():
        with pytest.raises(JobError) as error, Book(here).locked(within_s=0):
            pass
        assert str(error.value) == (
            "Another flightlib is starting or stopping a job. Try again in a moment."
        )
    with Book(here).locked(within_s=0):
        pass


@pytest.mark.parametrize("told", ["{", "[]", '{"name": "x"}', '{"state": 5}'])
def test_an_entry_that_cannot_be_read_names_its_file(here: Settings, told: str) -> None:
    """Damage is said in one line with the file to delete; forgetting makes room for a new entry."""
    book = Book(here)
    book.write(ENTRY)
    path = book.folder / f"{ENTRY.name}.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**whole, "state": 5}) if "state" in told else told)
    with pytest.raises(JobError, match=re.escape(str(path))):
        book.read(ENTRY.name)
    book.forget(ENTRY.name)
    assert book.read(ENTRY.name) is None
