"""Frames and the roster: numbers survive the way to the browser, words travel once."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scripted import flight

from flightlib import charts
from flightlib.records import PHASES, STATUSES
from flightlib.widgets import assets
from flightlib.widgets.frames import COLUMNS, WORDS, Roster, pack, unpack


def sky(*ids: str, **given: Any) -> dict[str, dict[str, Any]]:
    """A few flights by id."""
    return {one: flight(one, **given) for one in ids}


def test_a_frame_comes_out_as_it_went_in() -> None:
    """Every number of every flight is the same after packing and unpacking."""
    flights = {
        "A": flight("A", longitude=-179.5, heading=359.0, timestamp=9_000, arrival_delay=-60),
        "B": flight("B", status="DIVERTED", phase="LANDED", altitude=125, timestamp=10_000),
    }
    columns = unpack(pack(flights, Roster(), 10_000))
    assert columns["index"].tolist() == [0, 1]
    assert columns["longitude"].tolist() == [-179.5, -110.0]
    assert columns["altitude"].tolist() == [36000, 125]
    assert columns["delay"].tolist() == [-60, 60]
    assert columns["age"].tolist() == [1, 0]
    assert [STATUSES[int(i)] for i in columns["status"]] == ["ON_TIME", "DIVERTED"]
    assert [PHASES[int(i)] for i in columns["phase"]] == ["CRUISE", "LANDED"]
    assert columns["hue"].tolist() == [charts.hue("35_-110")] * 2


def test_what_is_unknown_is_marked_not_invented() -> None:
    """A missing number becomes NaN, an unknown word -1."""
    odd = sky("A", heading=None, status="LOST", phase="HOVER", arrival_delay=None)
    odd["A"]["departure_delay"] = None
    columns = unpack(pack(odd, Roster(), 0))
    assert np.isnan(columns["heading"][0])
    assert np.isnan(columns["delay"][0])
    assert (columns["status"][0], columns["phase"][0]) == (-1, -1)


def test_a_thousand_flights_are_48_kilobytes() -> None:
    """A frame is twelve 4-byte numbers a flight, and nothing else."""
    flights = sky(*(f"F{i}" for i in range(1000)))
    assert len(pack(flights, Roster(), 0)) == 1000 * 12 * 4
    assert len(pack({}, Roster(), 0)) == 0


def test_the_browser_reads_the_columns_the_kernel_writes() -> None:
    """Both sides name the same columns, and the same words, in the same order."""

    def listed(name: str) -> list[str]:
        block = re.search(rf"const {name} = \[(.*?)\]", assets.read("frames.js"), re.S)
        assert block
        return re.findall(r'"(\w+)"', block[1])

    assert tuple(listed("COLUMNS")) == COLUMNS
    assert [{"type": "aircraft_type"}.get(word, word) for word in listed("WORDS")] == list(WORDS)


def test_a_region_is_told_when_a_flight_enters_it() -> None:
    """The region is one of the words, so the browser hears of a new one, and only then."""
    roster = Roster()
    roster.news(sky("A"))
    [told] = roster.news(sky("A", region="40_-75"))
    assert told[-1] == "40_-75"
    assert roster.news(sky("A", region="40_-75")) == []


def test_words_are_told_once() -> None:
    """A flight's words go out when it appears, not again while they stay the same."""
    roster = Roster()
    assert [row[1] for row in roster.news(sky("A", "B"))] == ["A", "B"]
    assert roster.news(sky("A", "B")) == []
    assert [row[1] for row in roster.news(sky("A", "B", "C"))] == ["C"]


def test_changed_words_are_told_again_under_the_same_number() -> None:
    """A diverted flight keeps its number and gets its new destination."""
    roster = Roster()
    [first] = roster.news(sky("A"))
    [second] = roster.news(sky("A", destination="KSLC"))
    assert second[0] == first[0]
    assert second[1 + WORDS.index("destination")] == "KSLC"


def test_numbers_of_the_gone_are_never_given_to_another() -> None:
    """A browser that missed a frame cannot mistake a new flight for an old one."""
    roster = Roster()
    [gone] = roster.news(sky("A"))
    roster.news({})
    [new] = roster.news(sky("B"))
    [back] = roster.news(sky("A"))
    assert len({gone[0], new[0], back[0]}) == 3


def test_after_forgetting_everything_is_told_again() -> None:
    """A browser that comes anew hears all words."""
    roster = Roster()
    roster.news(sky("A", "B"))
    roster.forget()
    assert len(roster.news(sky("A", "B"))) == 2


@pytest.mark.parametrize("name", ["boot.js", *(f"{name}.js" for name in assets.MODULES)])
def test_scripts_insert_data_as_text_only(name: str) -> None:
    """No script has a way to turn words of a flight into markup, or asks the network.

    The panel alone asks its own JupyterLab, and that once, whether it passes pages on.
    """
    text = assets.read(name)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text
    assert "http" not in text
    assert text.count("fetch(") == (name == "panel.js")
    asked = 'fetch(new URL("server-proxy/servers-info", labBase))'
    assert text.count(asked) == text.count("fetch(")


def test_every_script_is_part_of_the_drawing_code() -> None:
    """No script is forgotten: each file is joined into the module, or is the boot script."""
    from importlib.resources import files

    folder = files("flightlib.widgets") / "js"
    found = {item.name for item in folder.iterdir() if item.name.endswith(".js")}
    assert found == {"boot.js", *(f"{name}.js" for name in assets.MODULES)}
    joined = assets.pack(b"x") and assets.app_script()
    assert joined == assets.app_script()
