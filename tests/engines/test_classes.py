"""Class archives: which engines have one, where, and when they go without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flightlib.engines import classes
from flightlib.engines.names import ENGINES, FLINK
from flightlib.settings import Settings, load


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a cache of their own; the engines' files need not be on this machine."""
    monkeypatch.setattr(classes, "home", lambda _, engine: tmp_path / "homes" / f"{engine}-1.2")
    return load(cache=tmp_path, data=tmp_path / "data")


def test_each_engine_but_flink_has_an_archive_named_as_its_files(here: Settings) -> None:
    """Other files of an engine have another archive, and Flink has none."""
    classes.make_room(here)
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
        classes.make_room(here)
        assert not classes.archives(here).exists()
    finally:
        here.cache.chmod(0o755)
    assert classes.flags(here, "kafka") == ()
