"""What a workshop starts from: the devcontainer, Binder's files, the layout, the slides."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from flightlib.settings import shared_folder

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"
JUPYTERLAB = 8888
# Ports between the parts of one engine: nobody opens them.
INNER = {"KAFKA_CONTROLLER", "FLINK_RPC"}


def devcontainer() -> dict[str, Any]:
    """The devcontainer's settings, without their comments."""
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    return found


def lines(path: Path) -> list[str]:
    """The lines of a script that do something."""
    text = path.read_text(encoding="utf-8").splitlines()
    return [line for line in text if line and not line.startswith("#")]


def test_the_devcontainer_forwards_every_address() -> None:
    """Each port of docker/.env that a person or a tool opens is forwarded and has a label."""
    # From the file: whoever runs the tests may have moved a port.
    text = (shared_folder("docker") / ".env").read_text(encoding="utf-8")
    ports = dict(re.findall(r"^FLIGHTLIB_(\w+)_PORT=(\d+)$", text, re.MULTILINE))
    wanted = {int(port) for name, port in ports.items() if name not in INNER} | {JUPYTERLAB}
    told = devcontainer()
    assert set(told["forwardPorts"]) == wanted
    assert {int(port) for port in told["portsAttributes"]} == wanted
    assert all(port["label"] for port in told["portsAttributes"].values())


def test_the_devcontainer_installs_what_the_tests_need() -> None:
    """It installs as the README's test command does, and brings a browser and the engines."""
    told = devcontainer()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{told['postCreateCommand']} && pytest" in readme
    assert told["postStartCommand"] == "flightlib up --fetch"
    image = (ROOT / ".devcontainer" / told["build"]["dockerfile"]).read_text(encoding="utf-8")
    assert "chromium" in image
    assert f"/home/{told['remoteUser']}/venv" in image
    assert re.search(r"^FROM python:3\.1[012]-", image, re.MULTILINE)


def test_binder_has_the_same_environment() -> None:
    """Binder's environment is environment.yml, and its script installs the project as that does."""
    own = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf-8"))
    whole = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    packages = whole["dependencies"].pop()
    assert packages == {"pip": ["-e ."]}
    assert own == whole
    assert "pip install --no-cache-dir -e '.[hub]'" in lines(BINDER / "postBuild")


def test_binder_starts_the_engines_it_fetched() -> None:
    """What is started at launch was fetched when the image was built, and fits its memory."""
    fetched = re.search(r"flightlib up --fetch (.+)", "\n".join(lines(BINDER / "postBuild")))
    started = re.search(r"flightlib up ([a-z ]+) >", "\n".join(lines(BINDER / "start")))
    assert fetched
    assert started
    assert fetched[1] == started[1] == "kafka registry"
    assert lines(BINDER / "start")[-1] == 'exec "$@"'


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binders_scripts_can_run(name: str) -> None:
    """Each script may be executed and is valid shell."""
    script = BINDER / name
    assert os.access(script, os.X_OK)
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("folder", "beside"), [(ROOT / "notebooks", ""), (BINDER, "notebooks/")], ids=["demo", "binder"]
)
def test_the_layout_shows_the_map_beside_its_notebook(folder: Path, beside: str) -> None:
    """The workspace has the notebook at the left and the output of the map's cell at the right."""
    book = "01_kafka_to_map.ipynb"
    cells = json.loads((ROOT / "notebooks" / book).read_text(encoding="utf-8"))["cells"]
    index = next(i for i, c in enumerate(cells) if "".join(c["source"]).endswith("\nlive_map"))
    data = json.loads((folder / "map.jupyterlab-workspace").read_text(encoding="utf-8"))["data"]
    path = beside + book
    shown, view = f"notebook:{path}", f"cloned-outputs:{path}:{index}"
    dock = data["layout-restorer:data"]["main"]["dock"]
    assert dock["orientation"] == "horizontal"
    assert [area["widgets"] for area in dock["children"]] == [[shown], [view]]
    assert data[shown]["data"] == {"path": path, "factory": "Notebook"}
    assert data[view]["data"] == {"path": path, "index": index}
