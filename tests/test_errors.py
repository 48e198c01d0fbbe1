"""Failures have a one-line face."""

from __future__ import annotations

from flightlib.errors import EngineDown, FlightlibError, not_allowed


def test_a_notebook_shows_one_line() -> None:
    """IPython is given the error's single line instead of a stack trace."""
    error = FlightlibError("Something happened. Type this.")
    assert error._render_traceback_() == ["FlightlibError: Something happened. Type this."]


def test_an_engine_that_is_down_is_named_with_its_command() -> None:
    """The message names the engine, its address and the command that starts it."""
    text = str(EngineDown("Kafka", "127.0.0.1:9092", "flightlib up kafka"))
    assert "Kafka" in text
    assert "127.0.0.1:9092" in text
    assert "`flightlib up kafka`" in text
    assert "\n" not in text


def test_the_nearest_allowed_word_is_offered() -> None:
    """A mistyped word is answered with what is allowed and with the nearest of it."""
    text = not_allowed("An engine", "kafak", ["kafka", "trino"])
    assert "'kafak'" in text
    assert "allowed: kafka, trino" in text
    assert "Did you mean 'kafka'?" in text


def test_a_far_word_gets_no_guess() -> None:
    """Nothing is guessed when nothing is near."""
    assert "Did you mean" not in not_allowed("An engine", "zzz", ["kafka"])
