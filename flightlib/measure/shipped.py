"""The full run that comes with the library, and the README's lines about it."""

from __future__ import annotations

from flightlib.measure.keep import SUMMARY, read
from flightlib.measure.outcome import Outcomes
from flightlib.settings import shared_folder

FOLDER, BEFORE = "measured", "before.json"
BEGIN = "<!-- measured: begin, by `python -m flightlib.measure.ship` -->"
END = "<!-- measured: end -->"


def shipped(which: str = "now") -> Outcomes:
    """Read the full run that comes with the library; "before" is the one before the work on speed.

    Nothing at all (`Outcomes()`) where there is none.
    """
    path = shared_folder("notebooks") / FOLDER / {"now": SUMMARY, "before": BEFORE}[which]
    if not path.is_file():
        return Outcomes()
    return read(path.parent if which == "now" else path)


def block(outcomes: Outcomes) -> str:
    """Write the README's lines about a run: where and when, and its table."""
    kind = "A quick run, whose times mean nothing, was made" if outcomes.quick else "Measured"
    where = f"{kind} on {outcomes.where}." if outcomes.where else f"{kind}."
    return f"{BEGIN}\n{where}\n\n{outcomes.to_markdown()}\n{END}"
