"""Filters: what a query may say, and which flights pass."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.backend.filters import BadParameter, Filter, parse


def read(query: str) -> tuple[Filter, float]:
    """Parse a query string as the backend does."""
    return parse(parse_qsl(query, keep_blank_values=True))


def flight(**given: Any) -> dict[str, Any]:
    """A flight over New York; keyword arguments replace what is said of it."""
    plain = {
        "latitude": 40.5,
        "longitude": -74.5,
        "altitude": 35000,
        "status": "ON_TIME",
        "region": "40_-75",
        "departure_delay": None,
        "arrival_delay": None,
    }
    return {**plain, **given}


def test_nothing_asked_lets_everything_through_once_a_second() -> None:
    """Without parameters every flight passes and a frame comes each second."""
    chosen, every_s = read("")
    assert (chosen, every_s) == (Filter(), 1.0)
    assert chosen.lets_through(flight(altitude=None, status=None))


@pytest.mark.parametrize(
    ("query", "passes", "stays_out"),
    [
        ("bbox=-75,40,-74,41", {}, {"longitude": -73.9}),
        ("bbox=-75,40,-74,41", {}, {"latitude": 41.1}),
        ("bbox=170,-10,-170,10", {"latitude": 0, "longitude": -175}, {"latitude": 0}),
        ("status=delayed&status=DIVERTED", {"status": "DIVERTED"}, {}),
        ("status=DELAYED,on_time", {}, {"status": "CANCELLED"}),
        ("region=40_-75,35_-80", {}, {"region": "45_-75"}),
        ("min_altitude=35000&max_altitude=35000", {}, {"altitude": 35001}),
        ("max_altitude=40000", {}, {"altitude": None}),
        ("delayed=true", {"arrival_delay": 900}, {"departure_delay": 899}),
        ("delayed=TRUE", {"status": "DELAYED"}, {}),
        ("delayed=false", {"arrival_delay": -60}, {"departure_delay": 3600}),
    ],
)
def test_each_condition_lets_through_and_keeps_out(
    query: str, passes: dict[str, Any], stays_out: dict[str, Any]
) -> None:
    """Every parameter has a flight that passes and one that does not."""
    chosen, _ = read(query)
    assert chosen.lets_through(flight(**passes))
    assert not chosen.lets_through(flight(**stays_out))


def test_equal_wishes_are_equal_filters() -> None:
    """Order and spelling do not matter, so clients who want the same share their frames."""
    one, _ = read("status=DELAYED,ON_TIME&bbox=-75,40,-74,41")
    other, _ = read("bbox=-75.0,40.0,-74.0,41.0&status=on_time&status=delayed")
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        ("every=9", "every", "every cannot be '9'; allowed: a number from 0.25 to 5."),
        ("every=nan", "every", "0.25 to 5"),
        ("every=", "every", "every cannot be ''"),
        ("every=1&every=2", "every", "given 2 times"),
        ("evry=1", "evry", "Did you mean 'every'?"),
        ("status=LATE", "status", "allowed: ON_TIME, DELAYED, CANCELLED, DIVERTED"),
        ("status=", "status", "status cannot be ''"),
        ("bbox=1,2,3", "bbox", "west,south,east,north"),
        ("bbox=-75,41,-74,40", "bbox", "west,south,east,north"),
        ("bbox=-75,nan,-74,40", "bbox", "west,south,east,north"),
        ("bbox=-185,40,-74,41", "bbox", "west,south,east,north"),
        ("region=41_-75", "region", "40_-75"),
        ("region=new york", "region", "'new york'"),
        ("region=95_0", "region", "'95_0'"),
        ("min_altitude=high", "min_altitude", "-2000 to 100000"),
        ("max_altitude=1e9", "max_altitude", "-2000 to 100000"),
        ("min_altitude=2000&max_altitude=1000", "min_altitude", "above max_altitude 1000"),
        ("delayed=maybe", "delayed", "allowed: true, false"),
    ],
)
def test_what_is_not_allowed_is_named(query: str, parameter: str, words: str) -> None:
    """The error names the parameter, what was given and what is allowed, on one line."""
    with pytest.raises(BadParameter) as caught:
        read(query)
    assert caught.value.parameter == parameter
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


NAMES = ["bbox", "status", "region", "min_altitude", "max_altitude", "delayed", "every", "x"]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=20)), max_size=4))
def test_no_query_can_do_worse_than_be_refused(query: list[tuple[str, str]]) -> None:
    """Whatever a stranger asks, the answer is a filter or a one-line refusal."""
    refusal = "refused"
    try:
        chosen, every_s = parse(query)
    except BadParameter as error:
        chosen, every_s, refusal = Filter(), 1.0, str(error)
    assert len(refusal.splitlines()) == 1
    assert 0.25 <= every_s <= 5
    assert chosen.lets_through(flight()) in (True, False)
