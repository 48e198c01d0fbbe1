"""The commands that start the engines, and the process manager's configuration."""

from __future__ import annotations

import configparser
import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from flightlib.engines import classes, commands
from flightlib.engines.folder import check_name, claim, empty, run_folder, socket_path
from flightlib.engines.kafka_data import cluster_id
from flightlib.engines.manager import clean_environment, config_text
from flightlib.engines.names import ENGINES, FIRST, FLINK, chosen, ports
from flightlib.errors import SettingError
from flightlib.settings import HOST, Settings, load, shared_folder

DOCKER = shared_folder("docker")
# One folder of configuration per engine, read by local mode and by containers alike.
FILES = [
    path
    for name in ("kafka", "registry", "catalog", "flink", "trino")
    for path in (DOCKER / name).rglob("*")
    if path.is_file()
]
JAVA = tuple(engine for engine in ENGINES if engine != "keeper")  # the keeper is Python


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a data folder of their own; the engines' files need not be on this machine."""
    monkeypatch.setattr(commands, "home", lambda _, engine: tmp_path / "homes" / engine)
    monkeypatch.setattr(commands, "java", lambda _, engine: tmp_path / "java" / engine)
    return load(cache=tmp_path, data=tmp_path / "data", kafka_port=19092, flink_rpc_port=16123)


def test_all_engines_or_those_named_in_start_order() -> None:
    """Nothing named means all; `flink` means its four; the order is the start order."""
    assert chosen(None) == chosen([]) == ENGINES
    assert chosen(["trino", "flink", "kafka"]) == ("kafka", *FLINK, "trino")
    assert ENGINES[: len(FIRST)] == FIRST


@pytest.mark.parametrize(("given", "nearest"), [("kafak", "kafka"), ("Trino", "trino")])
def test_an_unknown_engine_is_named_with_the_nearest(given: str, nearest: str) -> None:
    """A name that no engine has gets the allowed ones and the nearest."""
    with pytest.raises(SettingError, match=f"'{given}'.*allowed: kafka.*Did you mean '{nearest}'"):
        chosen([given])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_command_carries_whose_it_is(here: Settings, engine: str) -> None:
    """Every process is known by its data folder and its engine."""
    argv = commands.command(here, engine).argv
    assert commands.marker(here.data) in argv
    assert f"-Dflightlib.engine={engine}" in argv


@pytest.mark.parametrize("engine", JAVA)
def test_every_file_a_command_names_exists(here: Settings, engine: str) -> None:
    """The configuration files that a command points to are in `docker/`."""
    made = commands.command(here, engine)
    words = [*made.argv, *made.env.values()]
    named = re.findall(rf"{re.escape(str(DOCKER))}[\w./-]*", " ".join(words))
    assert named
    assert all(Path(name).exists() for name in named)


@pytest.mark.parametrize("engine", JAVA)
def test_class_archives_are_flags_of_java_itself(here: Settings, engine: str) -> None:
    """They stand before the program, behind which Java takes everything for its arguments."""
    assert not [word for word in commands.command(here, engine).argv if "Archive" in word]
    classes.make_ready(here)
    flags, argv = classes.flags(here, engine), commands.command(here, engine).argv
    assert bool(flags) == (engine in classes.ARCHIVED)
    assert [word for word in argv if word in flags] == list(flags)
    begin = min(argv.index(word) for word in ("-cp", "-jar") if word in argv)
    assert all(argv.index(flag) < begin for flag in flags)


def test_the_environment_has_what_the_files_read(here: Settings) -> None:
    """Each variable that an engine's configuration asks for is given, ports from the settings."""
    given = commands.environment(here)
    asked = {
        name
        for path in FILES
        for name in re.findall(r"FLIGHTLIB_[A-Z]+(?:_[A-Z]+)*", path.read_text(encoding="utf-8"))
    } - {"FLIGHTLIB_"}
    assert asked
    assert asked <= set(given)
    assert given["FLIGHTLIB_KAFKA_PORT"] == "19092"
    assert given["FLIGHTLIB_BIND"] == HOST


def test_no_port_stands_in_a_configuration_file() -> None:
    """The ports stand once, in docker/.env; Prometheus' copies are compared elsewhere."""
    numbers = {str(port) for engine in ENGINES for port in ports(load(), engine).values()}
    for path in FILES:
        found = set(re.findall(r"\b\d{4,5}\b", path.read_text(encoding="utf-8")))
        assert not found & numbers, path.name


def test_flink_is_told_its_ports_and_folders(here: Settings) -> None:
    """Flink's three Java processes agree on the JobManager's port and on where state goes."""
    for engine in set(FLINK) & set(JAVA):
        argv = commands.command(here, engine).argv
        assert "-Djobmanager.rpc.port=16123" in argv
        folder = here.data / "flink" / "checkpoints"
        assert f"-Dexecution.checkpointing.dir=file://{folder}" in argv
        assert "--add-opens=java.base/java.lang=ALL-UNNAMED" in argv


def test_the_keeper_runs_in_this_python(here: Settings) -> None:
    """The keeper is this installation's own Python: it needs no Java and none of the files."""
    argv = commands.command(here, "keeper").argv
    assert argv[:3] == (sys.executable, "-m", "flightlib.engines.keeper")
    assert find_spec(argv[2]) is not None


def test_heavy_engines_keep_the_full_compiler(here: Settings) -> None:
    """Fast-start flags are for all but the two engines that do the heavy work."""
    quick = {e for e in JAVA if "-XX:TieredStopAtLevel=1" in commands.command(here, e).argv}
    assert quick == set(JAVA) - {"taskmanager", "trino"}


def test_every_heap_has_a_limit_and_begins_small(here: Settings) -> None:
    """No engine takes a part of the machine's memory for its heap: each is told how much it has."""
    for engine in JAVA:
        argv = commands.command(here, engine).argv
        assert sum(word.startswith("-Xmx") for word in argv) == 1, engine
        if "-XX:+UseSerialGC" in argv:
            assert any(word.startswith(("-Xms", "-Xmn")) for word in argv), engine


def test_the_process_manager_reads_back_what_was_meant(here: Settings) -> None:
    """A space and an at sign in a path come through the process manager's configuration."""
    data = here.data.with_name("a folder @ 100")
    moved = here.model_copy(update={"data": data})
    made = [commands.command(moved, engine) for engine in ENGINES]
    text = config_text(moved, made, run_folder(data), socket_path(data))
    read = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    read.read_string(text)
    for one in made:
        section = read[f"program:{one.engine}"]
        assert tuple(shlex.split(section["command"].replace("%%", "%"))) == one.argv
        assert section["autostart"] == "false"
        assert f'FLIGHTLIB_DATA="{data}"' in section["environment"]


@pytest.mark.parametrize("character", [":", ",", "%", "#", '"', "\n", "$", "*"])
def test_a_folder_no_engine_can_work_in_is_refused(character: str) -> None:
    """A path with a character that means something to an engine is refused, and named."""
    with pytest.raises(SettingError, match="FLIGHTLIB_DATA cannot be"):
        check_name("FLIGHTLIB_DATA", Path("/somewhere") / f"a{character}b")


def test_the_socket_stays_short_in_a_deep_folder(tmp_path: Path) -> None:
    """A data folder with a long path gets its socket elsewhere, always at the same place."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    assert len(str(socket_path(deep))) < 90
    assert socket_path(deep) == socket_path(deep)
    assert socket_path(deep) != socket_path(deep / "other")
    short = Path("/data")
    assert socket_path(short).parent == run_folder(short)


def test_a_folder_with_other_files_is_never_taken(tmp_path: Path) -> None:
    """Someone's files make a folder unfit for engine data, and it is never emptied."""
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(SettingError, match="not flightlib's"):
        claim(tmp_path)
    with pytest.raises(SettingError, match="nothing was deleted"):
        empty(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_emptying_spares_what_a_link_points_to(tmp_path: Path) -> None:
    """A link in the data folder goes, what it points to stays."""
    data, other = tmp_path / "data", tmp_path / "other"
    other.mkdir()
    (other / "kept.txt").write_text("kept", encoding="utf-8")
    claim(data)
    (data / "kafka").mkdir()
    (data / "warehouse").symlink_to(other)
    empty(data)
    assert (other / "kept.txt").exists()
    assert sorted(p.name for p in data.iterdir()) == [".flightlib"]


def test_cluster_identities_are_kafkas() -> None:
    """A cluster's identity has Kafka's form and never reads as an option."""
    made = {cluster_id() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", one) for one in made)


def test_engines_inherit_no_java_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that would change an engine from outside do not reach it."""
    for name in ("JAVA_TOOL_OPTIONS", "CLASSPATH", "KAFKA_OPTS", "QUARKUS_HTTP_PORT", "LC_ALL"):
        monkeypatch.setenv(name, "from outside")
    assert "from outside" not in clean_environment().values()
