"""Reports: which notebooks, with which parameters."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
import pytest

from flightlib import reports
from flightlib.errors import SettingError


def test_all_notebooks_are_chosen_when_none_is_named() -> None:
    """Without a name, every notebook is run, in the order of its number."""
    stems = [path.stem for path in reports.chosen([])]
    assert stems == sorted(stems)
    assert "01_kafka_to_map" in stems


def test_a_mistyped_notebook_gets_the_nearest_name() -> None:
    """An unknown notebook is refused with the nearest name."""
    with pytest.raises(SettingError, match="01_kafka_to_map"):
        reports.chosen(["01_kafka_to_mapp"])


@pytest.mark.parametrize(
    ("pair", "value"), [("n=3", 3), ("n=0.5", 0.5), ("n=us", "us"), ("n=a=b", "a=b")]
)
def test_a_parameter_reads_as_a_literal_or_text(pair: str, value: object) -> None:
    """A value that reads as a Python literal is one; anything else is text."""
    assert reports.parameters([pair]) == {"n": value}


@pytest.mark.parametrize("pair", ["flights", "=3", "two words=3"])
def test_a_wrong_pair_is_named(pair: str) -> None:
    """A pair without a name or without an equals sign is refused and shown."""
    with pytest.raises(SettingError, match="NAME=VALUE"):
        reports.parameters([pair])


def test_a_page_keeps_pictures_and_drops_widgets(tmp_path: Path) -> None:
    """The HTML page keeps static pictures and leaves out widgets that need a kernel."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>kept</text></svg>'
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_code_cell(
            "x",
            outputs=[
                nbformat.v4.new_output("display_data", {"image/svg+xml": svg}),
                nbformat.v4.new_output("display_data", {reports.WIDGET_VIEW: {"model_id": "gone"}}),
            ],
        )
    ]
    executed = tmp_path / "a.ipynb"
    nbformat.write(book, executed)
    page = reports.to_html(executed, executed.parent).read_text(encoding="utf-8")
    assert "data:image/svg+xml;base64" in page
    assert "gone" not in page


def test_a_page_carries_the_pictures_of_its_text(tmp_path: Path) -> None:
    """A picture that the prose shows is inside the page, wherever the page is moved."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "dot.png").write_bytes(b"the picture")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("![A dot](dot.png)")])
    executed = tmp_path / "a.ipynb"
    nbformat.write(book, executed)
    page = reports.to_html(executed, tmp_path / "pictures").read_text(encoding="utf-8")
    assert base64.b64encode(b"the picture").decode() in page
    assert 'src="dot.png"' not in page
