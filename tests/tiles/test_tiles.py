"""The engines' pages as tiles of JupyterLab: where they lead, and what is changed on the way."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from jupyter_server_proxy.config import ServerProcess

from flightlib import tiles
from flightlib.settings import load, shared_folder

ROOT = Path(__file__).parents[2]


def entries() -> dict[str, Any]:
    """The functions that pyproject.toml names as entry points, by name."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.split("[project.entry-points.jupyter_serverproxy_servers]")[1].split("[")[0]
    named = re.findall(r'^(\w+) = "([\w.]+):(\w+)"$', section, re.MULTILINE)
    return {name: getattr(import_module(module), function) for name, module, function in named}


@pytest.mark.parametrize("name", entries())
def test_the_proxy_takes_it_as_a_page_that_runs_already(name: str) -> None:
    """Each entry point gives what jupyter-server-proxy wants, and no command to start."""
    process = ServerProcess(name=name, **entries()[name]())
    handler, _ = process.make_proxy_handler()
    assert handler is not None
    assert process.command == []


def test_the_addresses_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that was moved by its variable moves the tile too."""
    ports = {"flink": 18081, "trino": 18080, "backend": 18899}
    for name, port in ports.items():
        monkeypatch.setenv(f"FLIGHTLIB_{name.upper()}_PORT", str(port))
    settings = load()
    for name, port in ports.items():
        assert getattr(tiles, name)()["port"] == port == getattr(settings, f"{name}_port")


@pytest.mark.parametrize(("name", "title"), [("flink", "Flink"), ("trino", "Trino")])
def test_a_tile_has_a_title_a_picture_and_a_place(name: str, title: str) -> None:
    """A tile in the launcher is named, shows a picture, and leads to its own entry's path."""
    entry = entries()[name]()["launcher_entry"]
    assert entry["title"] == title
    assert entry["path_info"].startswith(f"{name}/")
    assert ElementTree.parse(entry["icon_path"]).getroot().tag.endswith("svg")


def test_trinos_scripts_start_at_their_page() -> None:
    """In scripts, addresses from the root of the site become relative; all else stays."""
    script = b"""fetch("/ui/api/stats"); open('/ui/api/query/' + id); a = "/ui/"; b = "/v1/info";"""
    answer = SimpleNamespace(body=script)
    tiles.relative_to_page(answer, "/ui/dist/index.js")
    assert answer.body == (
        b"""fetch("./api/stats"); open('./api/query/' + id); a = "./"; b = "/v1/info";"""
    )
    page = SimpleNamespace(body=b'"/ui/"')
    tiles.relative_to_page(page, "/ui/query.html")
    assert page.body == b'"/ui/"'


def test_trino_takes_requests_that_came_through_a_hub() -> None:
    """Trino's configuration lets it read the headers by which a hub tells the page's address."""
    lines = (shared_folder("docker") / "trino" / "config.properties").read_text().splitlines()
    assert "http-server.process-forwarded=true" in lines
