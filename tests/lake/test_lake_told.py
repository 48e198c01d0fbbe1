"""What a query is for goes to Trino with it, where an operator finds it."""

from __future__ import annotations

from scripted_trino import ScriptedLake

from flightlib.lake import ask
from flightlib.settings import Settings


def test_what_a_query_is_for_is_its_source_its_tag_and_its_token(
    lake: ScriptedLake, settings: Settings
) -> None:
    """Trino hears it in each of the three; of a query without it Trino hears the plain name."""
    ask(settings, "SELECT 1", told="mine-1")
    ask(settings, "SELECT 1")
    names = ("X-Trino-Source", "X-Trino-Client-Tags", "X-Trino-Trace-Token")
    first, second = ([headers.get(name) for name in names] for headers in lake.headers)
    assert first == ["flightlib/mine-1", "mine-1", "mine-1"]
    assert second[0] == "flightlib"
    assert not any(second[1:])
