"""The tree reads alike everywhere: formatted, linted and typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


# The types of pandas and Trino that Python 3.10 gets are old ones, and wrong in places.
typed = pytest.param(
    ["mypy"], marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="old types")
)


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], typed],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_the_tree_is_clean(command: list[str]) -> None:
    """ruff and mypy have nothing to say about the tree."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
