"""What the documents say is what the project does."""

from __future__ import annotations

import re
from pathlib import Path

from test_house import DOORS, HOUSE, MODULES, ROOMS, room_of
from typer.main import get_command

from flightlib.cli import app
from flightlib.settings import shared_folder

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")


def commands() -> set[str]:
    """The names of flightlib's commands."""
    return set(get_command(app).commands)  # type: ignore[attr-defined]


def test_every_command_is_documented() -> None:
    """The README's table and the command line list the same commands."""
    documented = set(re.findall(r"^\| `flightlib (\w+)", README, re.MULTILINE))
    developers = set(re.findall(r"^flightlib (\w+)$", CONTRIBUTING, re.MULTILINE))
    assert documented | developers == commands()


def test_every_flightlib_command_in_prose_exists() -> None:
    """No document tells the reader to type a command that is not there."""
    for text in (README, CONTRIBUTING, *(p.read_text("utf-8") for p in _prose())):
        assert set(re.findall(r"`flightlib ([a-z]+)", text)) <= commands()


def _prose() -> list[Path]:
    return [*shared_folder("notebooks").glob("*.ipynb"), *(ROOT / "flightlib").rglob("*.py")]


def test_ci_runs_the_readme_test_command() -> None:
    """.ci/run types the test command that the README shows."""
    command = next(line for line in README.splitlines() if line.endswith("&& pytest"))
    quiet = command.replace("pip install", "pip install --quiet")
    assert quiet in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_conda_installs_what_pyproject_declares() -> None:
    """environment.yml names no dependency of its own: it installs this project."""
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    wanted = [line.strip(" -") for line in lines if line.strip().startswith("-")]
    assert wanted == ["python=3.11", "pip", "pip:", "e ."]


def test_every_setting_named_in_prose_exists() -> None:
    """Every FLIGHTLIB_ variable the README names is a setting."""
    from flightlib.settings import load

    known = {f"FLIGHTLIB_{name.upper()}" for name in load().model_dump()}
    assert set(re.findall(r"FLIGHTLIB_[A-Z_]+", README)) <= known


def test_every_relative_link_leads_somewhere() -> None:
    """Every link to a file of the tree leads to one."""
    for folder, text in ((ROOT, README), (ROOT / ".github", CONTRIBUTING)):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (folder / target).exists(), target


def test_the_rooms_table_is_the_house() -> None:
    """CONTRIBUTING lists the rooms that exist, in their order, with the libraries they own."""
    rows = re.findall(r"^\| `(\w+)/?`[^|]*\|[^|]+\|([^|]*)\|$", CONTRIBUTING, re.MULTILINE)
    there = {room_of(path) for path in MODULES}
    assert [name for name, _ in rows] == [room for room in ROOMS if room in there]
    owned = {name: set(re.findall(r"\w+", libraries)) for name, libraries in rows}
    assert owned == {
        name: {library for library, rooms in DOORS.items() if rooms == {name}} for name in owned
    }


def test_the_rooms_table_says_which_rooms_are_folders() -> None:
    """A room that is a folder has a slash in CONTRIBUTING's table, and a module has none."""
    first = re.findall(r"^\| (`\w+/?`(?:, `\w+/`)*) \|", CONTRIBUTING, re.MULTILINE)
    names = [name for cell in first for name in re.findall(r"`([^`]+)`", cell)]
    assert names
    for name in names:
        there = HOUSE / name if name.endswith("/") else HOUSE / f"{name}.py"
        assert there.exists(), name
