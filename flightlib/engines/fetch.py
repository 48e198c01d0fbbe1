"""Bring the engines' files to the machine: pooch, the lock file, a few downloads at a time."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pooch
import requests
from filelock import FileLock, Timeout

from flightlib.engines.download import Download
from flightlib.engines.lockfile import Artifact, Lock, check_versions, files_of, read_lock
from flightlib.engines.progress import Progress, Silent
from flightlib.errors import ArtifactError, MachineError, SettingError
from flightlib.settings import Settings

_AT_ONCE = 4
_SPARE = 200_000_000  # bytes to leave free on the disk


def fetch(
    settings: Settings,
    engines: Iterable[str],
    progress: Progress | None = None,
    lock: Lock | None = None,
) -> None:
    """Fetch every file of some engines into the cache; what is there already is only checked.

    Raises ArtifactError (network, wrong file), MachineError (disk) or SettingError.
    """
    watcher, lock = progress or Silent(), lock or read_lock()
    check_versions(settings, lock)
    names = list(dict.fromkeys(files_of(engine) for engine in engines))
    with alone(settings, watcher):
        check_disk(settings.cache, bytes_missing(settings, names, lock))
        for name in download(settings, names, watcher, lock):
            watcher.end(name)


def download(
    settings: Settings, names: Sequence[str], progress: Progress, lock: Lock
) -> Generator[str, None, None]:
    """Fetch the files of some engines side by side; yield each engine when it has all of its own.

    For a caller that holds the cache alone and has looked at the disk.
    """
    # The same jar may serve two engines: it is asked for once, for the first of them.
    owner = {a.path: (name, a) for name in reversed(names) for a in lock.engines[name]}
    for name in names:
        own = (artifact for first, artifact in owner.values() if first == name)
        progress.begin(name, _missing(settings, own), "fetching")
    store = _store(settings, [artifact for _, artifact in owner.values()])
    stop = threading.Event()
    lacking = {name: {a.path for a in lock.engines[name]} for name in names}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch") as pool:
        rows = sorted(owner.values(), key=_largest_first)
        running = [pool.submit(_one, store, settings, a, n, stop, progress) for n, a in rows]
        try:
            for done in as_completed(running):
                path = done.result()
                for name in [name for name in lacking if path in lacking[name]]:
                    lacking[name].discard(path)
                    if not lacking[name]:
                        yield name
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _largest_first(row: tuple[str, Artifact]) -> int:
    return -row[1].size


def cached(settings: Settings, artifact: Artifact) -> Path:
    """Where the cache keeps a file as it was fetched."""
    return settings.cache / "maven" / artifact.path


def bytes_missing(settings: Settings, engines: Iterable[str], lock: Lock) -> int:
    """How much is still to be downloaded for some engines; a file they share counts once."""
    rows = {a.path: a for engine in engines for a in lock.engines[files_of(engine)]}
    return _missing(settings, rows.values())


def _missing(settings: Settings, artifacts: Iterable[Artifact]) -> int:
    return sum(artifact.size for artifact in artifacts if not _has(settings, artifact))


def _has(settings: Settings, artifact: Artifact) -> bool:
    file = cached(settings, artifact)
    return file.is_file() and file.stat().st_size == artifact.size


def check_disk(folder: Path, needed: int) -> None:
    """Raise MachineError if the disk that holds a folder lacks `needed` bytes."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if needed and free < needed + _SPARE:
        raise MachineError(
            f"The engines need {(needed + _SPARE) / 1e9:.1f} GB on the disk of {folder}, "
            f"and {free / 1e9:.1f} GB are free. Make room, or set FLIGHTLIB_CACHE to a folder "
            "on a larger disk."
        )


@contextmanager
def alone(settings: Settings, progress: Progress) -> Iterator[None]:
    """Hold the cache alone: a second flightlib that fetches at the same time waits."""
    try:
        settings.cache.mkdir(parents=True, exist_ok=True)
        latch = FileLock(settings.cache / ".lock")
        try:
            latch.acquire(timeout=0)
        except Timeout:
            progress.say("Another flightlib is fetching the engines: waiting for it.")
            latch.acquire()
    except OSError as error:
        raise MachineError(
            f"Cannot write to {settings.cache}: {error.strerror}. "
            "Set FLIGHTLIB_CACHE to a folder of yours."
        ) from error
    try:
        yield
    finally:
        latch.release()


def _store(settings: Settings, artifacts: Iterable[Artifact]) -> pooch.Pooch:
    pooch.get_logger().setLevel("WARNING")  # the progress bars say it
    return pooch.create(
        path=settings.cache / "maven",
        base_url=settings.maven_repository.rstrip("/") + "/",
        registry={artifact.path: f"sha256:{artifact.sha256}" for artifact in artifacts},
    )


def _one(
    store: pooch.Pooch,
    settings: Settings,
    artifact: Artifact,
    engine: str,
    stop: threading.Event,
    progress: Progress,
) -> str:
    """Make sure of one file; its sha256 is checked also when it is there already.

    Gives the file's path in the repository.
    """
    advance = partial(progress.advance, engine)
    part = settings.cache / "parts" / f"{artifact.sha256}.part"
    try:
        # Here, because pooch makes a folder twice when two threads want it at once.
        cached(settings, artifact).parent.mkdir(parents=True, exist_ok=True)
        store.fetch(artifact.path, downloader=Download(artifact, part, stop, advance))
    except requests.RequestException as error:
        raise explain(error, artifact, settings.maven_repository) from error
    except OSError as error:
        raise ArtifactError(f"{artifact.name} could not be fetched: {error}.") from error
    return artifact.path


def explain(error: requests.RequestException, artifact: Artifact, base: str) -> Exception:
    """Turn a failed request into one line that says what to do."""
    exceptions = requests.exceptions
    if isinstance(error, exceptions.SSLError):
        return ArtifactError(
            f"The certificate of {base} is not trusted. Set SSL_CERT_FILE to the file with "
            "your network's certificates."
        )
    if isinstance(error, requests.HTTPError):
        return ArtifactError(
            f"{artifact.name} cannot be had from {base}: it answers {error.response.status_code} "
            f"for {artifact.path}. Check FLIGHTLIB_MAVEN_REPOSITORY."
        )
    if isinstance(
        error, (exceptions.MissingSchema, exceptions.InvalidSchema, exceptions.InvalidURL)
    ):
        return SettingError(
            f"FLIGHTLIB_MAVEN_REPOSITORY cannot be {base!r}; it is the https:// address of a "
            "Maven repository."
        )
    return ArtifactError(
        f"Cannot reach {base} for {artifact.name}: check the network, or set "
        "FLIGHTLIB_MAVEN_REPOSITORY to a mirror."
    )
