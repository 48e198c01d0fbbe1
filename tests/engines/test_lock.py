"""The lock file: complete, in step with docker/.env, and made by a parser that can be checked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flightlib.engines import locking
from flightlib.engines.lockfile import HOMES, LOCK_FILE, from_text, read_lock, to_text
from flightlib.engines.locking import RECIPES, parse_listing, pom, versions
from flightlib.errors import MachineError
from flightlib.settings import load, shared_folder

LOCK = read_lock()
ROWS = [(engine, row) for engine, rows in LOCK.engines.items() for row in rows]


def env_versions() -> dict[str, str]:
    """Every version in docker/.env, by its settings name."""
    text = (shared_folder("docker") / ".env").read_text(encoding="utf-8")
    found = re.findall(r"^FLIGHTLIB_(\w+_VERSION)=(.+)$", text, re.MULTILINE)
    return {name.lower(): value for name, value in found}


def test_the_lock_holds_the_versions_of_the_env_file() -> None:
    """Whoever changes a version in docker/.env must make the lock file anew."""
    assert LOCK.versions == env_versions()


def test_the_lock_was_made_from_todays_recipes() -> None:
    """Every artifact a recipe names is locked in its place, and only a closure adds more."""
    for recipe in RECIPES:
        rows = [row for row in LOCK.engines[recipe.engine] if row.into == recipe.into]
        named = set()
        for line in recipe.coordinates.format(**LOCK.versions).split():
            group, artifact, version, *rest = line.split(":")
            tail = f"-{rest[1]}" if len(rest) > 1 else ""
            kind = rest[0] if rest else "jar"
            folder = f"{group.replace('.', '/')}/{artifact}/{version}"
            named.add(f"{folder}/{artifact}-{version}{tail}.{kind}")
        found = {row.path for row in rows}
        assert named <= found if recipe.closure else named == found


def test_every_engine_and_both_javas_are_locked() -> None:
    """No engine lacks files; each Java has wheels for Linux and macOS on both processors."""
    assert tuple(LOCK.engines) == HOMES
    assert all(LOCK.engines.values())
    assert {name: jre.version for name, jre in LOCK.jres.items()} == {
        name: LOCK.versions[name] for name in ("jre_version", "trino_jre_version")
    }
    assert [len(set(jre.sha256)) for jre in LOCK.jres.values()] == [4, 4]


def test_rows_are_well_formed() -> None:
    """A row has a path, a size and a sha256; no file is locked with two hashes."""
    for _, row in ROWS:
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+){3,}\.(jar|tar\.gz|zip)", row.path)
        assert ".." not in row.path
        assert row.size > 0
        assert re.fullmatch(r"[0-9a-f]{64}", row.sha256)
        assert (row.unpacked > 0) == (not row.name.endswith(".jar"))
    assert len({(row.path, row.sha256) for _, row in ROWS}) == len({row.path for _, row in ROWS})
    for engine in HOMES:
        places = [(row.into, row.name) for row in LOCK.engines[engine]]
        assert len(places) == len(set(places))


def test_the_text_of_a_lock_reads_back() -> None:
    """Writing and reading a lock loses nothing, and the committed file is what would be written."""
    assert from_text(to_text(LOCK)) == LOCK
    assert to_text(LOCK) == LOCK_FILE.read_text(encoding="utf-8")


def test_a_digest_tells_sets_of_files_apart() -> None:
    """No two engines share a name for their files."""
    assert len({LOCK.digest(engine) for engine in HOMES}) == len(HOMES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.engine}-{r.into}")
def test_poms_are_xml_with_the_settings_versions(recipe: locking.Recipe) -> None:
    """Every recipe gives a pom with one dependency a line and no version left to fill in."""
    root = ElementTree.fromstring(pom(recipe, load()))
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = root.findall(".//m:dependency", space)
    assert len(found) == len(recipe.coordinates.split())
    known = set(versions(load()).values())
    for dependency in found:
        version = dependency.findtext("m:version", namespaces=space)
        assert version in known
    assert (root.find(".//m:exclusions", space) is None) == recipe.closure


def test_mavens_list_is_read_with_classifiers_and_colours() -> None:
    """A line of `mvn dependency:list` gives the repository's path and the local file."""
    text = (
        "\nThe following files have been resolved:\n"
        "   org.slf4j:slf4j-api:jar:2.0.17:compile:/m2/slf4j-api-2.0.17.jar -- module org.slf4j\n"
        "   \x1b[1morg.x:y:jar:tests:1.0:runtime:/m2/y-1.0-tests.jar\x1b[0m\n"
        "   org.x:only-tests:jar:1.0:test:/m2/only-tests-1.0.jar\n"
    )
    assert parse_listing(text) == {
        "org/slf4j/slf4j-api/2.0.17/slf4j-api-2.0.17.jar": Path("/m2/slf4j-api-2.0.17.jar"),
        "org/x/y/1.0/y-1.0-tests.jar": Path("/m2/y-1.0-tests.jar"),
    }


def test_without_maven_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """`flightlib lock` on a machine without Maven is one line, not a stack trace."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MachineError, match="Maven is not on this machine"):
        locking.resolve(RECIPES[0], load())
