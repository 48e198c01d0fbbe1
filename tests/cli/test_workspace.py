"""The notebooks are put beside the user."""

from __future__ import annotations

from pathlib import Path

import pytest

from flightlib.cli import workspace
from flightlib.errors import MachineError
from flightlib.settings import shared_folder


def test_an_empty_folder_gets_every_notebook(tmp_path: Path) -> None:
    """Every notebook of the package is copied into an empty folder."""
    target, kept = workspace.notebooks_beside(tmp_path)
    wanted = {p.name for p in shared_folder("notebooks").glob("*.ipynb")}
    assert {p.name for p in target.glob("*.ipynb")} == wanted
    assert wanted
    assert kept == []


def test_a_changed_notebook_is_kept_and_named(tmp_path: Path) -> None:
    """A notebook the user changed is never written over."""
    target, _ = workspace.notebooks_beside(tmp_path)
    mine = target / "01_kafka_to_map.ipynb"
    mine.write_text("mine", encoding="utf-8")
    _, kept = workspace.notebooks_beside(tmp_path)
    assert mine.read_text(encoding="utf-8") == "mine"
    assert kept == ["01_kafka_to_map.ipynb"]


def test_an_unchanged_copy_follows_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy nobody touched is brought up to date when the package has a newer one."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.ipynb").write_text("old", encoding="utf-8")
    monkeypatch.setattr(workspace, "shared_folder", lambda _: package)
    target, _ = workspace.notebooks_beside(tmp_path / "user")
    (package / "a.ipynb").write_text("new", encoding="utf-8")
    _, kept = workspace.notebooks_beside(tmp_path / "user")
    assert (target / "a.ipynb").read_text(encoding="utf-8") == "new"
    assert kept == []


def test_a_checkout_needs_no_copy() -> None:
    """In a checkout the notebooks are used where they are."""
    source = shared_folder("notebooks")
    assert workspace.notebooks_beside(source.parent) == (source.resolve(), [])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where no notebook can be put, one line says what to type."""
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="--folder FOLDER"):
        workspace.notebooks_beside(tmp_path / "file")
