"""The doctor: one line per thing it looks at, with the fix where something is wrong."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from flightlib.engines.doctor import clock, disk, doctor, memory, network, python
from flightlib.engines.folder import claim
from flightlib.engines.local import Local
from flightlib.errors import MachineError, SettingError
from flightlib.settings import HOST, Settings, load


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Settings with folders of their own, and a repository address that answers nothing."""
    return load(
        data=tmp_path / "data", cache=tmp_path / "cache", maven_repository=f"http://{HOST}:9/none"
    )


def test_every_check_that_is_not_ok_has_a_fix(here: Settings) -> None:
    """On a machine without the files, each line says what was found, and how to mend it."""
    checks = doctor(here)
    assert {"python", "memory", "ports", "files", "network", "clock"} <= {c.name for c in checks}
    assert all(check.fix for check in checks if check.state != "ok")
    assert not any("\n" in check.found + check.fix for check in checks)


def test_it_changes_nothing(here: Settings) -> None:
    """Looking makes no folder and fetches nothing."""
    doctor(here)
    assert not here.data.exists()
    assert not here.cache.exists()


def test_missing_files_and_no_network_are_told_apart(here: Settings) -> None:
    """Files still to be fetched are a warning; no way to fetch them is a failure."""
    checks = {check.name: check for check in doctor(here, ["kafka"])}
    assert checks["files"].state == "warn"
    assert "kafka" in checks["files"].found
    assert checks["network"].state == "fail"
    assert "FLIGHTLIB_MAVEN_REPOSITORY" in checks["network"].fix


def test_a_taken_port_is_a_failure(here: Settings) -> None:
    """A port that another program holds is named with the variable that moves it."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        port = server.getsockname()[1]
        moved = here.model_copy(update={"kafka_port": port})
        (check,) = (c for c in doctor(moved, ["kafka"]) if f"{port}, which kafka" in c.found)
    assert check.state == "fail"
    assert "FLIGHTLIB_KAFKA_PORT" in check.fix


def test_an_unknown_engine_is_refused(here: Settings) -> None:
    """The doctor knows the engines' names too."""
    with pytest.raises(SettingError, match="Did you mean 'kafka'"):
        doctor(here, ["kafk"])


def test_a_data_folder_no_engine_can_work_in(here: Settings) -> None:
    """A path that engines cannot carry is found before anything is started."""
    moved = here.model_copy(update={"data": here.data.with_name("a,b")})
    (check,) = (c for c in doctor(moved, ["kafka"]) if c.name == "data")
    assert check.state == "fail"
    assert "a,b" in check.fix


@pytest.mark.parametrize(
    ("version", "state"), [((3, 9), "fail"), ((3, 10), "ok"), ((3, 12), "ok"), ((3, 13), "fail")]
)
def test_python_versions(version: tuple[int, int], state: str) -> None:
    """Python 3.10 to 3.12 will do."""
    assert python(version).state == state


def test_a_clock_before_the_data_is_wrong(here: Settings) -> None:
    """A clock that lies before the data folder was made, or before 2025, fails."""
    assert clock(here).state == "ok"
    assert clock(here, now_s=0.0).state == "fail"
    claim(here.data)
    made = (here.data / ".flightlib").stat().st_mtime
    assert clock(here, now_s=made - 3600).state == "fail"
    assert clock(here, now_s=made + 1).state == "ok"


def test_little_disk_is_told(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little room on the disk is a failure that names the variable to set."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100_000_000))
    checks = {check.name: check for check in disk(here, ["kafka"])}
    assert checks["data"].state == "fail"
    assert "FLIGHTLIB_DATA" in checks["data"].fix
    assert "FLIGHTLIB_CACHE" in checks["cache"].fix


def test_little_memory_is_told(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little memory is a warning, very little a failure."""
    for free, state in ((8e9, "ok"), (3e9, "warn"), (1e9, "fail")):
        found = SimpleNamespace(available=free)
        monkeypatch.setattr("psutil.virtual_memory", lambda found=found: found)
        assert memory(here).state == state


def test_two_ports_that_are_one(here: Settings) -> None:
    """A number given to two engines is named with both variables, by the doctor and by `up`."""
    same = here.model_copy(update={"registry_port": here.kafka_port})
    (check,) = (c for c in doctor(same, ["kafka", "registry"]) if c.name == "ports")
    assert check.state == "fail"
    assert "FLIGHTLIB_KAFKA_PORT and FLIGHTLIB_REGISTRY_PORT are both" in check.fix
    with pytest.raises(SettingError, match="are both"):
        Local(same).up(["kafka"])


@pytest.mark.parametrize("name", ["cache", "data"])
def test_a_file_where_a_folder_should_be(here: Settings, tmp_path: Path, name: str) -> None:
    """A cache or data folder that is a file is told, with the variable that moves it."""
    (tmp_path / "file").touch()
    wrong = here.model_copy(update={name: tmp_path / "file"})
    check = {check.name: check for check in disk(wrong, ["kafka"])}[name]
    assert check.state == "fail"
    assert check.fix == f"Set FLIGHTLIB_{name.upper()} to a folder."


def test_an_address_that_is_none(here: Settings) -> None:
    """A repository that is no address is told apart from one that does not answer."""
    wrong = here.model_copy(update={"maven_repository": "nonsense"})
    assert "is not an https:// address" in network(wrong).found
    assert "does not answer" in network(here).found


def test_up_starts_nothing_on_a_full_disk(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room for data `up` names the folder and the variable, and fetches nothing."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100_000_000))
    with pytest.raises(MachineError, match=r"need 0\.5 GB .* 0\.1 GB are free.*FLIGHTLIB_DATA"):
        Local(moved_ports(here)).up(["kafka"])
    assert not here.cache.exists()


def moved_ports(settings: Settings) -> Settings:
    """Give Kafka ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as two:
        for trial in (one, two):
            trial.bind((HOST, 0))
        numbers = one.getsockname()[1], two.getsockname()[1]
    return settings.model_copy(
        update={"kafka_port": numbers[0], "kafka_controller_port": numbers[1]}
    )
