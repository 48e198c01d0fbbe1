"""What the package carries, and what it does without."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# An interpreter in which nothing of the full apache-flink can be imported.
WITHOUT_PYFLINK = """
import importlib, pkgutil, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("pyflink.", "apache_beam", "py4j", "pemja")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
import flightlib
for module in pkgutil.walk_packages(flightlib.__path__, "flightlib."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for name in flightlib.__all__:
    getattr(flightlib, name)

import httpx
from flightlib import backend, settings
running = backend.start(settings.load(kafka_port=9))
assert httpx.get(running.url + "/healthz", trust_env=False).status_code == 200
backend.stop()
print("served")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as a release would."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_what_the_demo_needs(wheel: Path) -> None:
    """Notebooks, pictures, engine configuration, lock, schema, scripts and data are inside."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("docker", "notebooks"):
        for file in (ROOT / folder).rglob("*"):
            # What whoever works here has made is not the wheel's.
            made = {".ipynb_checkpoints", "my-measurements"} & {*file.parts}
            if file.is_file() and not made and not file.name.endswith(".slides.html"):
                assert f"flightlib/_share/{file.relative_to(ROOT).as_posix()}" in names
    for file in (ROOT / "flightlib").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            assert file.relative_to(ROOT).as_posix() in names


def test_an_unpacked_wheel_finds_its_own_files(wheel: Path, tmp_path: Path) -> None:
    """Away from the checkout, settings and notebooks are read from inside the package."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import flightlib.settings as s; print(s.shared_folder('docker')); s.load();"
        "print(len(list(s.shared_folder('notebooks').glob('*.ipynb'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    folder, count = done.stdout.split()
    assert Path(folder) == tmp_path / "flightlib" / "_share" / "docker"
    assert int(count) == len(list((ROOT / "notebooks").glob("*.ipynb")))


def test_everything_but_pyflink_works_without_the_full_package() -> None:
    """Without the full apache-flink every room imports and the backend serves."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYFLINK], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip().endswith("served"), done.stderr


def test_importing_the_library_loads_nothing_heavy() -> None:
    """`import flightlib` brings in none of the heavy libraries."""
    code = "import flightlib, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"numpy", "pandas", "confluent_kafka", "lets_plot", "fastapi", "trino", "anywidget"}
    assert not heavy & set(loaded)
