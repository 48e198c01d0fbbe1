"""`flightlib --version` names what is installed."""

from __future__ import annotations

from importlib.metadata import version

from typer.testing import CliRunner

from flightlib.cli import app


def test_the_version_is_that_of_the_installed_package() -> None:
    """The command line and pip say the same."""
    answer = CliRunner().invoke(app, ["--version"])
    assert (answer.exit_code, answer.stdout) == (0, f"flightlib {version('flightlib')}\n")
