"""docker/Dockerfile: read by a real parser, held to the habits of small and safe images."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from composed import DOCKER, dotenv
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
FILE = DOCKER / "Dockerfile"


def steps() -> list[tuple[str, str]]:
    """The instructions and their values, in order."""
    parsed = DockerfileParser(fileobj=io.BytesIO(FILE.read_bytes()))
    return [
        (one["instruction"], one["value"])
        for one in parsed.structure
        if one["instruction"] != "COMMENT"
    ]


@pytest.mark.parametrize("file", [FILE, DOCKER / "kubernetes" / "Dockerfile.flink"], ids=str)
def test_the_linter_has_nothing_to_say(file: Path) -> None:
    """hadolint, whose rules are the habits of those who build images, finds nothing."""
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else "hadolint"
    done = subprocess.run([program, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_base_image_is_pinned_in_the_env_file() -> None:
    """The one base image comes from docker/.env, by a tag that names a whole version."""
    assert [value for name, value in steps() if name == "FROM"] == ["${PYTHON_IMAGE}"]
    name, _, tag = dotenv()["FLIGHTLIB_PYTHON_IMAGE"].partition(":")
    assert name == "python"
    assert [part.isdigit() for part in tag.split("-")[0].split(".")] == [True] * 3


def test_what_is_copied_exists_and_is_let_through() -> None:
    """Every source of a COPY is in the checkout, and the ignore file lets it into the build."""
    let_in = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for name, value in steps():
        if name == "COPY":
            *sources, _ = value.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in let_in, source


def test_dependencies_come_before_the_code() -> None:
    """A changed module installs nothing anew: pyproject.toml is copied and used before it."""
    order = [value for name, value in steps() if name in ("COPY", "RUN")]
    code = next(i for i, value in enumerate(order) if value == "flightlib flightlib")
    needs = next(i for i, value in enumerate(order) if "requirements.txt" in value)
    assert needs < code


def test_the_list_of_dependencies_is_what_pyproject_says() -> None:
    """The line of Python that lists the dependencies lists every one of them."""
    run = next(value for name, value in steps() if name == "RUN" and "tomllib" in value)
    code = run.split('python -c "', 1)[1].split('"', 1)[0]
    if sys.version_info < (3, 11):
        code = code.replace("tomllib", "tomli")
    listed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = text.split("\ndependencies = [", 1)[1].split("\n]", 1)[0]
    assert len(listed) == sum(line.strip().startswith('"') for line in declared.splitlines())


def test_the_image_runs_as_nobody_special() -> None:
    """The last USER is a number other than root, and the command is flightlib's own."""
    users = [value for name, value in steps() if name == "USER"]
    assert users[-1].split(":")[0].isdigit()
    assert users[-1] != "0:0"
    commands = [value for name, value in steps() if name == "CMD"]
    assert commands == ['["python", "-m", "flightlib.engines.container", "hold"]']
    assert not {"ADD", "VOLUME", "EXPOSE", "ONBUILD", "MAINTAINER"} & {n for n, _ in steps()}
