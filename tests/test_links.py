"""Every link of the documents and notebooks leads somewhere."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def load_script(path: Path) -> Any:
    """Load a script of the tree that is no module of the package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


check_links = load_script(ROOT / ".github" / "check_links.py")


def wrong(document: Path) -> list[str]:
    """The targets of a document's links that lead nowhere."""
    return [link.target for link in check_links.links_of(document) if check_links.broken(link)]


@pytest.mark.parametrize(
    "document", check_links.documents(ROOT), ids=lambda p: str(p.relative_to(ROOT))
)
def test_every_link_of_the_tree_leads_somewhere(document: Path) -> None:
    """Every relative link and every anchor in a document or notebook resolves."""
    assert wrong(document) == []


def test_readme_and_notebooks_are_looked_at() -> None:
    """The README, the pages for contributors and all notebooks are among the documents."""
    found = set(check_links.documents(ROOT))
    assert {ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md"} <= found
    assert set((ROOT / "notebooks").glob("*.ipynb")) <= found


def test_what_leads_nowhere_is_found(tmp_path: Path) -> None:
    """A missing file, heading or picture is found; code, good links and other sites are not."""
    (tmp_path / "other.md").write_text("# A `good` name\n\n## Twice\n\n## Twice\n")
    document = tmp_path / "page.md"
    document.write_text(
        "[a](gone.md) [b](other.md) [c](other.md#a-good-name) [d](other.md#twice-1)\n"
        "[e](other.md#twice-2) ![f](gone.png) [g](#nothing) [h](https://example.org/x)\n"
        '<img src="gone.svg"> `[i](code.md)`\n\n```\n[j](fenced.md)\n```\n'
    )
    assert wrong(document) == ["gone.md", "other.md#twice-2", "gone.png", "#nothing", "gone.svg"]


def test_a_notebook_has_the_anchors_of_its_headings(tmp_path: Path) -> None:
    """In a notebook a heading is led to by its words joined with hyphens, and code is no prose."""
    cells = [
        {"cell_type": "markdown", "source": ["## Watch it\n", "[a](#Watch-it) [b](#watch-it)"]},
        {"cell_type": "code", "source": ["# [c](gone.md)"]},
    ]
    book = tmp_path / "book.ipynb"
    book.write_text(json.dumps({"cells": cells}))
    assert wrong(book) == ["#watch-it"]


def test_links_to_elsewhere_are_listed_and_not_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without `--external` no page of another site is asked for; with it a refusal counts."""
    document = tmp_path / "page.md"
    document.write_text("[elsewhere](https://example.org/x)")
    monkeypatch.setattr(check_links, "documents", lambda _: [document])
    monkeypatch.setattr(check_links, "asked", lambda _: "answers 404")
    assert check_links.main([]) == 0
    assert "elsewhere: https://example.org/x" in capsys.readouterr().out
    assert check_links.main(["--external"]) == 1
    assert "https://example.org/x: answers 404" in capsys.readouterr().out
