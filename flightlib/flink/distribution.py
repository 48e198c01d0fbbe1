"""Where the installed Flink distribution is: jars, scripts and configuration from pip."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from flightlib.errors import MachineError


def distribution() -> Path:
    """Find the folder that `apache-flink-libraries` installed, without importing PyFlink.

    It holds `lib`, `opt`, `plugins`, `bin` and `conf`. Raises MachineError if it is missing.
    """
    spec = find_spec("pyflink")
    places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    for place in places:
        if any((place / "lib").glob("flink-dist-*.jar")):
            return place.resolve()
    raise MachineError(
        "The Flink distribution is not installed in this Python environment. "
        "Install it with `pip install apache-flink-libraries`, or reinstall flightlib."
    )


def distribution_version() -> str:
    """The version of the installed distribution, read from its own jar's name."""
    jar = next(iter(sorted((distribution() / "lib").glob("flink-dist-*.jar"))))
    return jar.stem.removeprefix("flink-dist-")
