"""The workflow for continuous integration runs everything, everywhere, with few rights."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
ACTION = ROOT / ".github" / "actions" / "prepare" / "action.yml"
LOCK = "flightlib/engines/artifacts.lock"
# Those that run with all versions of Python; the others need one.
EVERYWHERE = {"quick", "engines", "browser", "notebooks"}


def jobs() -> dict[str, Any]:
    """The jobs of the workflow by name."""
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return found


def steps() -> list[dict[str, Any]]:
    """All steps of all jobs, and those of the action they share."""
    shared = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    return [step for job in jobs().values() for step in job["steps"]] + shared


def typed(job: str) -> list[str]:
    """The commands that a job types."""
    return [step["run"] for step in jobs()[job]["steps"] if "run" in step]


@pytest.mark.parametrize(
    ("file", "schema"), [(WORKFLOW, "github-workflows"), (ACTION, "github-actions")]
)
def test_it_is_valid(file: Path, schema: str) -> None:
    """The workflow and its action are what their published schemas allow."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*check, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_parts_are_the_whole() -> None:
    """Every test, with engines or without, with a browser or without, is in exactly one part."""
    commands = [line for job in jobs() for line in typed(job) if line.startswith("pytest")]
    chosen = [re.search(r'-m (?:"([^"]+)"|(\w+))', command) for command in commands]
    expressions = [found[1] or found[2] for found in chosen if found]
    assert len(expressions) == len(commands)
    for stack, browser in product((True, False), repeat=2):
        marks = {"stack": stack, "browser": browser}
        ran = [text for text in expressions if eval(text, {"__builtins__": {}}, marks)]
        assert len(ran) == 1, f"{marks} is run by {ran}"


def test_it_runs_on_every_system_and_python_that_is_promised() -> None:
    """Linux and macOS, and each version of Python that pyproject.toml allows."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    allowed = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', project)
    assert allowed
    versions = [f"3.{minor}" for minor in range(int(allowed[1]), int(allowed[2]))]
    for name in EVERYWHERE:
        matrix = jobs()[name]["strategy"]["matrix"]
        assert matrix["python"] == versions
        assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos"}


def test_all_notebooks_are_run_and_kept() -> None:
    """The reports of all notebooks are made, and uploaded even when one fails."""
    report = next(line for line in typed("notebooks") if "flightlib report" in line)
    found = re.fullmatch(r"flightlib report --out (\w+) -p flights=\d+", report)
    assert found
    uploads = [s for s in jobs()["notebooks"]["steps"] if "upload-artifact" in s.get("uses", "")]
    assert [(step["with"]["path"], step["if"]) for step in uploads] == [(found[1], "always()")]


def test_links_are_checked() -> None:
    """The link check runs offline first; pages elsewhere cannot stop a pull request."""
    lines = {s["run"]: s.get("if") for s in jobs()["documents"]["steps"] if "run" in s}
    assert lines["python .github/check_links.py"] is None
    assert "pull_request" in lines["python .github/check_links.py --external"]


def test_the_engines_files_are_kept_by_their_lock() -> None:
    """The cache of the engines' files goes by the lock file, which is there."""
    keys = [s["with"]["key"] for s in steps() if "actions/cache@" in s.get("uses", "")]
    assert len(keys) == 1
    assert f"hashFiles('{LOCK}')" in keys[0]
    assert (ROOT / LOCK).is_file()


def test_every_action_is_pinned() -> None:
    """An action of others is named by its commit, with the version beside it."""
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    text = WORKFLOW.read_text(encoding="utf-8") + ACTION.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.+)", text)
    assert used
    for name in used:
        assert pinned.fullmatch(name) or name == "./.github/actions/prepare"


def test_it_has_the_least_rights_and_an_end() -> None:
    """It may read the code and nothing else, keeps no credentials, and every job ends."""
    assert yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["permissions"] == {
        "contents": "read"
    }
    for name, job in jobs().items():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 90, name
    checkouts = [step for step in steps() if "actions/checkout@" in step.get("uses", "")]
    assert len(checkouts) == len(jobs())
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)
