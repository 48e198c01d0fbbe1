"""Where each engine's files stand, ready to run; and how they get there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from flightlib.engines.fetch import alone, bytes_missing, cached, check_disk, download
from flightlib.engines.lockfile import Artifact, Jre, Lock, check_versions, files_of, read_lock
from flightlib.engines.manifest import damage, install, is_complete, sweep
from flightlib.engines.progress import Progress, Silent
from flightlib.engines.runtime import binary, install_jre, jre_folder, jre_of
from flightlib.engines.unpack import is_archive, unpack
from flightlib.errors import ArtifactError, MachineError
from flightlib.flink import distribution, distribution_version
from flightlib.settings import Settings

# Trino loads every plugin it finds, and needs no other.
_TRINO_PLUGINS = ("iceberg", "geospatial")
_VERSION_OF = {
    "kafka": "kafka_version",
    "registry": "registry_version",
    "catalog": "iceberg_version",
    "flink": "flink_version",
    "trino": "trino_version",
}


def home(settings: Settings, engine: str, lock: Lock | None = None) -> Path:
    """The folder an engine runs from. Raises ArtifactError if it is not there yet."""
    return _there(_home(settings, files_of(engine), lock or read_lock()), engine)


def java(settings: Settings, engine: str, lock: Lock | None = None) -> Path:
    """The `java` program an engine runs on. Raises ArtifactError if it is not there yet."""
    jre = jre_of(lock or read_lock(), files_of(engine))
    return binary(_there(jre_folder(settings, jre), engine))


def prepare(
    settings: Settings,
    engines: Iterable[str],
    progress: Progress | None = None,
    lock: Lock | None = None,
) -> None:
    """Make some engines ready to run: fetch, unpack, install Java; only what is missing.

    When all is there it touches no network. Raises ArtifactError, MachineError or SettingError.
    """
    watcher, lock = progress or Silent(), lock or read_lock()
    check_versions(settings, lock)
    names = list(dict.fromkeys(files_of(engine) for engine in engines))
    if not any(_lacking(settings, names, lock)):
        return
    with alone(settings, watcher):
        sweep(settings.cache / "homes")
        # Asked again: another flightlib may have done the work while this one waited.
        homes, jres = _lacking(settings, names, lock)
        needed = _bytes_needed(settings, homes, jres, lock)
        check_disk(settings.cache, needed)
        _announce(settings, _bytes_to_fetch(settings, homes, jres, lock), needed, watcher)
        with ThreadPoolExecutor(2, thread_name_prefix="java") as side:
            making = [side.submit(_make_jre, settings, jre, watcher) for jre in jres]
            with closing(download(settings, homes, watcher, lock)) as arriving:
                for name in arriving:
                    _make_home(settings, name, watcher, lock)
            for made in making:
                made.result()


def bytes_to_fetch(settings: Settings, engines: Iterable[str], lock: Lock | None = None) -> int:
    """How many bytes `prepare` would download; 0 when all is there."""
    lock = lock or read_lock()
    homes, jres = _lacking(settings, {files_of(engine): None for engine in engines}, lock)
    return _bytes_to_fetch(settings, homes, jres, lock)


def bytes_needed(settings: Settings, engines: Iterable[str], lock: Lock | None = None) -> int:
    """How many bytes of disk `prepare` would take at most; 0 when all is there."""
    lock = lock or read_lock()
    homes, jres = _lacking(settings, {files_of(engine): None for engine in engines}, lock)
    return _bytes_needed(settings, homes, jres, lock)


def damaged(
    settings: Settings, engine: str, *, deep: bool = False, lock: Lock | None = None
) -> list[str]:
    """Name an engine's files that are gone or changed; `deep` reads and hashes every file."""
    folders = places(settings, engine, lock)
    return [f"{place.name}/{file}" for place in folders for file in damage(place, deep=deep)]


def discard(settings: Settings, engine: str, lock: Lock | None = None) -> None:
    """Forget an engine's files and its Java, so that `prepare` brings them anew.

    For damage that only a deep look finds: `prepare` itself compares sizes.
    """
    for place in places(settings, engine, lock):
        shutil.rmtree(place, ignore_errors=True)


def places(settings: Settings, engine: str, lock: Lock | None = None) -> tuple[Path, Path]:
    """The folders an engine's files and its Java are in, whether they are there or not."""
    lock, name = lock or read_lock(), files_of(engine)
    return _home(settings, name, lock), jre_folder(settings, jre_of(lock, name))


def _home(settings: Settings, name: str, lock: Lock) -> Path:
    """The folder of exactly these files; Flink's also of the distribution it links to."""
    identity = lock.digest(name)
    if name == "flink":
        linked = f"{identity} {distribution()}"
        identity = hashlib.sha256(linked.encode()).hexdigest()[:12]
    return settings.cache / "homes" / f"{name}-{lock.versions[_VERSION_OF[name]]}-{identity}"


def _there(folder: Path, engine: str) -> Path:
    if is_complete(folder):
        return folder
    raise ArtifactError(
        f"The files of {engine} are not on this machine yet. Fetch them with "
        f"`flightlib up {engine}`."
    )


def _lacking(settings: Settings, names: Iterable[str], lock: Lock) -> tuple[list[str], list[Jre]]:
    """The homes and the Java runtimes that are missing or damaged."""
    names = list(names)
    jres = dict.fromkeys(jre_of(lock, name) for name in names)
    return (
        [name for name in names if damage(_home(settings, name, lock))],
        [jre for jre in jres if damage(jre_folder(settings, jre))],
    )


def _bytes_to_fetch(settings: Settings, homes: list[str], jres: list[Jre], lock: Lock) -> int:
    return bytes_missing(settings, homes, lock) + sum(jre.size for jre in jres)


def _bytes_needed(settings: Settings, homes: list[str], jres: list[Jre], lock: Lock) -> int:
    """Disk for what is to be downloaded and unpacked; jars are linked and take nothing more."""
    files = [artifact for name in homes for artifact in lock.engines[name]]
    downloads = _bytes_to_fetch(settings, homes, jres, lock)
    return downloads + sum(f.unpacked for f in files) + sum(jre.unpacked for jre in jres)


def _announce(settings: Settings, fetched: int, needed: int, progress: Progress) -> None:
    if fetched:
        sizes = [f"{max(1, round(size / 1e6))} MB" for size in (fetched, needed)]
        progress.say(f"To fetch, once: {sizes[0]}. Room needed in {settings.cache}: {sizes[1]}.")


def _make_jre(settings: Settings, jre: Jre, progress: Progress) -> None:
    task = f"java {jre.version.split('.')[0]}"
    progress.begin(task, jre.size, "fetching")
    install(jre_folder(settings, jre), lambda folder: install_jre(jre, folder))
    progress.advance(task, jre.size)
    progress.end(task)


def _make_home(settings: Settings, name: str, progress: Progress, lock: Lock) -> None:
    """Build an engine's home from its fetched files; archives are then no longer kept."""
    artifacts = lock.engines[name]
    if unpacked := sum(artifact.unpacked for artifact in artifacts):
        progress.begin(name, unpacked, "unpacking")

    def build(folder: Path) -> None:
        if name == "flink":
            _link_distribution(folder, lock)
        for artifact in artifacts:
            _place(settings, artifact, folder / artifact.into, partial(progress.advance, name))
        if name == "trino":
            _drop_plugins(folder)

    install(_home(settings, name, lock), build)
    for artifact in artifacts:
        if is_archive(cached(settings, artifact)):
            cached(settings, artifact).unlink()
    progress.end(name)


def _place(
    settings: Settings, artifact: Artifact, into: Path, advance: Callable[[int], None]
) -> None:
    """Unpack an archive, or link a jar, into a folder."""
    file = cached(settings, artifact)
    if not is_archive(file):
        into.mkdir(parents=True, exist_ok=True)
        return _link(file, into / artifact.name)
    try:
        unpack(file, into, advance)
    except ArtifactError as error:
        file.unlink(missing_ok=True)
        raise ArtifactError(
            f"{error} It was not kept: type the same command again to fetch it anew."
        ) from error


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:  # a file system without hard links
        shutil.copy2(file, target)


def _link_distribution(folder: Path, lock: Lock) -> None:
    """Link the installed Flink distribution into a private FLINK_HOME.

    Scripts and configuration are copied, because they write beside themselves.
    """
    source, wanted = distribution(), lock.versions["flink_version"]
    if (found := distribution_version()) != wanted:
        raise MachineError(
            f"This Python environment holds Flink {found}, and flightlib needs {wanted}. "
            f"Type `pip install apache-flink-libraries=={wanted}`."
        )
    for name in ("lib", "opt", "plugins"):
        shutil.copytree(source / name, folder / name, copy_function=os.symlink)
    for name in ("bin", "conf"):
        shutil.copytree(source / name, folder / name)
    for script in (folder / "bin").glob("*.sh"):
        script.chmod(0o755)  # pip may have dropped the run bits
    # Python functions in Flink SQL need this jar where the engines look for classes.
    for jar in (source / "opt").glob("flink-python-*.jar"):
        (folder / "lib" / jar.name).symlink_to(jar)


def _drop_plugins(folder: Path) -> None:
    for plugin in (folder / "plugin").iterdir():
        if plugin.name not in _TRINO_PLUGINS:
            shutil.rmtree(plugin)
