"""Class archives: which engines have one, where, and when they go without."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from flightlib.engines import classes
from flightlib.engines.manifest import MARKER
from flightlib.engines.names import ENGINES, FLINK
from flightlib.settings import Settings, load


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a cache of their own; the engines' files need not be on this machine."""
    homes = tmp_path / "homes"
    monkeypatch.setattr(classes, "places", lambda _, name: (homes / f"{name}-1.2", homes / "java"))
    for name in (*(f"{engine}-1.2" for engine in ENGINES), "java"):
        (homes / name).mkdir(parents=True)
        (homes / name / MARKER).touch()
    return load(cache=tmp_path, data=tmp_path / "data")


def test_each_engine_but_flink_has_an_archive_named_as_its_files(here: Settings) -> None:
    """Other files of an engine have another archive, and Flink has none."""
    classes.make_ready(here)
    with_flags = {engine: classes.flags(here, engine) for engine in ENGINES}
    assert {one for one in ENGINES if not with_flags[one]} == {*FLINK, "keeper"}
    for engine in classes.ARCHIVED:
        file = here.cache / "classes" / f"{engine}-1.2.jsa"
        assert f"-XX:SharedArchiveFile={file}" in with_flags[engine]


def test_without_a_folder_there_are_no_flags(here: Settings) -> None:
    """An engine that cannot leave an archive is not told to: at its end it would try in vain."""
    assert classes.flags(here, "kafka") == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_cache_that_is_only_read_is_left_alone(here: Settings) -> None:
    """Neither the folder nor the flags are made where nobody may write."""
    here.cache.chmod(0o555)
    try:
        classes.make_ready(here)
        assert not classes.archives(here).exists()
    finally:
        here.cache.chmod(0o755)
    assert classes.flags(here, "kafka") == ()


def left_by(settings: Settings, engine: str, begin: bytes = b"\xa8\xab\x0b\xf0") -> Path:
    """An archive as a later end than that of its engine's installation leaves it."""
    classes.make_ready(settings)
    file = classes.archive(settings, engine)
    file.write_bytes(begin + b"classes" * 100)
    later_s = time.time() + 60
    os.utime(file, (later_s, later_s))
    return file


def test_an_archive_that_fits_is_kept(here: Settings) -> None:
    """Start after start reads the same file."""
    file = left_by(here, "kafka")
    classes.make_ready(here)
    assert file.exists()


@pytest.mark.parametrize("begin", [b"", b"\0\0\0\0", b"\xa8\xab"])
def test_an_archive_that_was_never_ended_is_removed(here: Settings, begin: bytes) -> None:
    """A Java that was killed while it wrote leaves a file that no Java reads or makes again."""
    file = left_by(here, "trino", begin)
    if not begin:
        file.write_bytes(b"")
    classes.make_ready(here)
    assert not file.exists()


@pytest.mark.parametrize("part", ["kafka-1.2", "java"])
def test_an_archive_older_than_what_it_was_made_of_is_removed(here: Settings, part: str) -> None:
    """Files that are installed anew, the engine's or its Java, do not fit it any more."""
    file = left_by(here, "kafka")
    later_s = time.time() + 120
    os.utime(here.cache / "homes" / part / MARKER, (later_s, later_s))
    classes.make_ready(here)
    assert not file.exists()


def test_an_archive_of_files_that_are_gone_is_removed(here: Settings) -> None:
    """What belongs to no engine of this cache is not kept for ever; other versions' are."""
    other = left_by(here, "kafka").with_name("kafka-1.1.jsa")
    (here.cache / "homes" / "kafka-1.1").mkdir()
    gone = other.with_name("kafka-1.0.jsa")
    for file in (other, gone):
        file.touch()
    classes.make_ready(here)
    assert (other.exists(), gone.exists()) == (True, False)


def test_an_engine_that_failed_has_no_archive(here: Settings) -> None:
    """It would hold the few classes of a start that came to nothing; engines without are fine."""
    file = left_by(here, "registry")
    for engine in ("registry", "registry", "gateway"):
        classes.forget(here, engine)
    assert not file.exists()
