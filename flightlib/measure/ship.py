"""Put a full run in the place of the one that comes with the library.

`python -m flightlib.measure.ship FOLDER` copies what `flightlib measure --out FOLDER` wrote into
`notebooks/measured`, with fewer samples, its table into the README, and its picture beside the
notebooks' others. With `--before` the run is
kept beside it, numbers alone, as the one from before the last work on speed.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from flightlib.errors import SettingError
from flightlib.measure import plots
from flightlib.measure.keep import keep, read, write
from flightlib.measure.outcome import Outcomes
from flightlib.measure.shipped import BEFORE, BEGIN, END, FOLDER, block
from flightlib.settings import shared_folder

PICTURE = "levels.svg"
MOST = 2000
"""So many samples of each figure are kept."""
_BLOCK = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)


def filled(text: str, outcomes: Outcomes) -> str:
    """Put a run's lines into a text between the two marks. Raises SettingError without marks."""
    if len(_BLOCK.findall(text)) != 1:
        raise SettingError(f"The text has not one place between {BEGIN!r} and {END!r}.")
    return _BLOCK.sub(lambda _: block(outcomes), text)


def ship(run: Path, notebooks: Path, readme: Path, before: bool = False) -> None:
    """Put a run in its place, thinned, its picture, and its table into the README.

    Raises SettingError for a run in which a figure could not be measured.
    """
    outcomes, folder = read(run), notebooks / FOLDER
    if failed := [one.figure.name for one in outcomes if one.trouble]:
        raise SettingError(
            f"{', '.join(failed)} could not be measured in {run}, and what is shipped is whole. "
            f"Measure anew: `flightlib measure --out {run}`."
        )
    if before:
        write(outcomes, folder / BEFORE)
        return
    for old in folder.glob("*.csv"):
        old.unlink()
    keep(outcomes, folder, MOST)
    (notebooks / "images").mkdir(exist_ok=True)
    plots.levels(outcomes).save(notebooks / "images" / PICTURE)
    text = readme.read_text(encoding="utf-8")
    readme.write_text(filled(text, outcomes), encoding="utf-8")


def main() -> None:
    """Read the command line, and ship."""
    parser = argparse.ArgumentParser(prog="python -m flightlib.measure.ship")
    parser.add_argument("folder", type=Path, help="what `flightlib measure --out` wrote")
    parser.add_argument("--before", action="store_true", help="as the run before the speed work")
    told = parser.parse_args()
    notebooks = shared_folder("notebooks")
    ship(told.folder, notebooks, notebooks.parent / "README.md", told.before)


if __name__ == "__main__":
    main()
