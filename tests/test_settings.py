"""The address book."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from flightlib.errors import SettingError
from flightlib.settings import load, shared_folder

DOTENV = shared_folder("docker") / ".env"
MILLISECONDS = re.compile(r"^\w+_MS = \d+$", re.MULTILINE)  # a time, whatever its number


def dotenv_names() -> list[str]:
    """The variables that docker/.env sets."""
    lines = DOTENV.read_text(encoding="utf-8").splitlines()
    return [line.split("=")[0] for line in lines if "=" in line and not line.startswith("#")]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the person's shell reach these tests."""
    for name in dotenv_names():
        monkeypatch.delenv(name, raising=False)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment wins over the line of the same name in docker/.env."""
    assert load().kafka == "127.0.0.1:9092"
    monkeypatch.setenv("FLIGHTLIB_KAFKA_PORT", "19092")
    assert load().kafka == "127.0.0.1:19092"


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller passes wins over everything else."""
    monkeypatch.setenv("FLIGHTLIB_KAFKA_PORT", "19092")
    assert load(kafka_port=29092).kafka_port == 29092


@pytest.mark.parametrize("value", ["0", "65536", "lots", ""])
def test_a_wrong_port_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A setting that is not allowed is named, with what was given, in one line."""
    monkeypatch.setenv("FLIGHTLIB_TRINO_PORT", value)
    with pytest.raises(SettingError) as caught:
        load()
    assert "FLIGHTLIB_TRINO_PORT" in str(caught.value)
    assert repr(value) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    """The address book is frozen: whoever holds it can trust it."""
    with pytest.raises(ValidationError):
        load().kafka_port = 1  # type: ignore[misc]


def test_every_line_of_the_file_is_a_setting() -> None:
    """docker/.env has no line that nothing reads."""
    fields = {f"FLIGHTLIB_{name.upper()}" for name in load().model_dump()}
    names = ("PYTHON", "PROMETHEUS", "GRAFANA")
    images = {f"FLIGHTLIB_{name}_IMAGE" for name in names}  # for docker/compose.yaml alone
    assert set(dotenv_names()) <= fields | images


def test_ports_stand_only_in_the_file() -> None:
    """No module or configuration file repeats a port of docker/.env, if it can read variables.

    Prometheus, Grafana and a cluster's manifests cannot: their own tests compare theirs.
    """
    lines = DOTENV.read_text(encoding="utf-8").splitlines()
    ports = {line.split("=")[1] for line in lines if "_PORT=" in line}
    house = Path(__file__).parents[1]
    files = [*house.glob("flightlib/**/*.py"), *(f for f in house.glob("docker/*/**/*"))]
    copies = {"prometheus", "grafana", "kubernetes"}
    for file in files:
        if file.is_file() and not copies & {*file.relative_to(house).parts}:
            text = file.read_text(encoding="utf-8", errors="replace").replace(":", " ")
            words = set(MILLISECONDS.sub("", text).split())
            assert not (words & ports), f"{file.name} repeats {words & ports}"
