"""Fetching, against a real HTTP server on this machine and with the real pooch."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from flightlib.engines import download
from flightlib.engines.fetch import cached, fetch
from flightlib.engines.lockfile import Lock
from flightlib.errors import ArtifactError, MachineError, SettingError
from flightlib.settings import Settings, load

CONTENT = bytes(range(256)) * 4096  # 1 MiB
BLOCK = 65_536  # bytes; downloads are written in blocks

MakeLock = Callable[..., Lock]


class Watcher:
    """A progress that adds up."""

    def __init__(self) -> None:
        self.total: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.said: list[str] = []

    def begin(self, task: str, total: int, doing: str) -> None:
        self.total[task], self.done[task] = total, 0

    def advance(self, task: str, amount: int) -> None:
        self.done[task] += amount

    def end(self, task: str) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once, and see nothing of the machine's proxies and certificates."""
    monkeypatch.setattr(download, "_PAUSE_S", 0.01)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_files_arrive_whole_and_a_second_fetch_asks_for_nothing(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """What is in the cache is not asked for again, and the progress adds up to the sizes."""
    rows = [repository.put(f"a{n}.jar", CONTENT[: n * 100_000]) for n in range(1, 6)]
    lock, watcher = make_lock(kafka=rows), Watcher()
    fetch(settings, ["kafka"], watcher, lock)
    assert [cached(settings, row).read_bytes() for row in rows] == [
        CONTENT[: n * 100_000] for n in range(1, 6)
    ]
    assert watcher.done == watcher.total == {"kafka": 1_500_000}
    repository.asked.clear()
    again = Watcher()
    fetch(settings, ["kafka"], again, lock)
    assert repository.asked == []
    assert again.done == again.total


def test_a_file_two_engines_need_is_asked_for_once(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """A jar that Kafka and Flink share is downloaded once."""
    row = repository.put("clients.jar", CONTENT)
    fetch(settings, ["kafka", "jobmanager"], None, make_lock(kafka=[row], flink=[row]))
    assert len(repository.asked) == 1


def test_an_answer_cut_short_goes_on_where_it_stopped(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """After a cut connection only the rest is asked for, as often as it takes."""
    row = repository.put("big.jar", CONTENT)
    repository.cut[row.path] = [4 * BLOCK, BLOCK + 100, 2 * BLOCK]
    watcher = Watcher()
    fetch(settings, ["kafka"], watcher, make_lock(kafka=[row]))
    assert cached(settings, row).read_bytes() == CONTENT
    assert [wanted for _, wanted in repository.asked] == [
        None,
        f"bytes={4 * BLOCK}-",
        f"bytes={5 * BLOCK}-",
        f"bytes={7 * BLOCK}-",
    ]
    assert watcher.done == watcher.total


def test_a_repository_without_ranges_is_read_from_the_start_again(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """A server that ignores the Range header does not spoil the file."""
    row = repository.put("big.jar", CONTENT)
    repository.cut[row.path], repository.ranges = [300_000], False
    watcher = Watcher()
    fetch(settings, ["kafka"], watcher, make_lock(kafka=[row]))
    assert cached(settings, row).read_bytes() == CONTENT
    assert watcher.done == watcher.total


def test_a_later_process_goes_on_with_what_an_interrupted_one_left(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """A download given up keeps its bytes, shows no half file, and is finished by the next try."""
    row = repository.put("big.jar", CONTENT)
    repository.cut[row.path] = [4 * BLOCK, 0, 0, 0]
    lock = make_lock(kafka=[row])
    with pytest.raises(ArtifactError, match="Cannot reach"):
        fetch(settings, ["kafka"], None, lock)
    assert not cached(settings, row).exists()
    repository.asked.clear()
    fetch(settings, ["kafka"], None, lock)
    assert repository.asked == [(row.path, f"bytes={4 * BLOCK}-")]
    assert cached(settings, row).read_bytes() == CONTENT


def test_left_over_bytes_of_another_file_do_no_harm(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """If what was left over does not belong to the file, it is fetched anew from the start."""
    row = repository.put("big.jar", CONTENT)
    part = settings.cache / "parts" / f"{row.sha256}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 500_000)
    watcher = Watcher()
    fetch(settings, ["kafka"], watcher, make_lock(kafka=[row]))
    assert cached(settings, row).read_bytes() == CONTENT
    assert watcher.done == watcher.total


@pytest.mark.parametrize(
    ("served", "got"),
    [
        pytest.param(b"y" * len(CONTENT), "got sha256", id="same-size"),
        pytest.param(CONTENT + b"more", "got more", id="longer"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_not_kept(
    repository: Any, settings: Settings, make_lock: MakeLock, served: bytes, got: str
) -> None:
    """A file that is not the lock's is named with what was expected and got, and is gone."""
    row = repository.put("kafka-clients.jar", CONTENT)
    repository.files[row.path] = served
    with pytest.raises(
        ArtifactError, match=r"kafka-clients\.jar is not the file.*" + got
    ) as caught:
        fetch(settings, ["kafka"], None, make_lock(kafka=[row]))
    assert "\n" not in str(caught.value)
    assert [
        file for file in settings.cache.rglob("*") if file.is_file() and file.stat().st_size
    ] == []


@pytest.mark.parametrize("change", [b"", b"z" * len(CONTENT)], ids=["size", "content"])
def test_a_cached_file_that_was_changed_is_fetched_again(
    repository: Any, settings: Settings, make_lock: MakeLock, change: bytes
) -> None:
    """A file in the cache with another size or content is replaced by the right one."""
    row = repository.put("a.jar", CONTENT)
    lock, watcher = make_lock(kafka=[row]), Watcher()
    fetch(settings, ["kafka"], None, lock)
    cached(settings, row).write_bytes(change)
    fetch(settings, ["kafka"], watcher, lock)
    assert cached(settings, row).read_bytes() == CONTENT
    assert watcher.done == {"kafka": len(CONTENT)}


def test_a_busy_repository_is_asked_again(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """An answer of 503 is not the end."""
    row = repository.put("a.jar", CONTENT)
    repository.busy[row.path] = 2
    fetch(settings, ["kafka"], None, make_lock(kafka=[row]))
    assert cached(settings, row).read_bytes() == CONTENT


def test_a_file_the_repository_lacks_is_named(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """A 404 is asked for once and names the file, the address and the setting."""
    row = repository.put("a.jar", CONTENT)
    repository.files.clear()
    with pytest.raises(ArtifactError, match=r"a\.jar cannot be had from .*404.*MAVEN_REPOSITORY"):
        fetch(settings, ["kafka"], None, make_lock(kafka=[row]))
    assert len(repository.asked) == 1


def test_no_network_is_one_line_with_the_address(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """Where nothing listens, the error names the address and the setting for a mirror."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}/maven2"
    away = settings.model_copy(update={"maven_repository": nowhere})
    lock = make_lock(kafka=[repository.put("a.jar", CONTENT)])
    with pytest.raises(ArtifactError) as caught:
        fetch(away, ["kafka"], None, lock)
    assert str(caught.value) == (
        f"Cannot reach {nowhere} for a.jar: check the network, or set "
        "FLIGHTLIB_MAVEN_REPOSITORY to a mirror."
    )


def test_the_mirror_comes_from_the_environment(
    repository: Any, make_lock: MakeLock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLIGHTLIB_MAVEN_REPOSITORY moves the base address, with or without a slash at its end."""
    monkeypatch.setenv("FLIGHTLIB_MAVEN_REPOSITORY", repository.address + "/")
    row = repository.put("a.jar", CONTENT)
    fetch(load(cache=tmp_path / "other"), ["kafka"], None, make_lock(kafka=[row]))
    assert repository.asked == [(row.path, None)]


def test_an_address_that_is_none_is_refused_by_name(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """A base address without a scheme names the setting."""
    wrong = settings.model_copy(update={"maven_repository": "repo.example.org"})
    with pytest.raises(SettingError, match=r"FLIGHTLIB_MAVEN_REPOSITORY cannot be 'repo\.example"):
        fetch(wrong, ["kafka"], None, make_lock(kafka=[repository.put("a.jar", CONTENT)]))


def test_a_certificate_file_that_is_not_there_is_named(
    repository: Any, settings: Settings, make_lock: MakeLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE is honoured: a wrong one stops the fetch with its name."""
    monkeypatch.setenv("SSL_CERT_FILE", "no-such-file.pem")
    with pytest.raises(SettingError, match=r"SSL_CERT_FILE cannot be 'no-such-file\.pem'"):
        fetch(settings, ["kafka"], None, make_lock(kafka=[repository.put("a.jar", CONTENT)]))


def test_too_little_disk_is_said_before_anything_is_asked(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """A lock larger than any disk stops with the size and the folder, and no request is made."""
    row = replace(repository.put("a.jar", CONTENT), size=10**18)
    with pytest.raises(MachineError, match=r"GB on the disk of .*FLIGHTLIB_CACHE"):
        fetch(settings, ["kafka"], None, make_lock(kafka=[row]))
    assert repository.asked == []


def test_a_cache_that_cannot_be_written_is_named(
    repository: Any, settings: Settings, make_lock: MakeLock, tmp_path: Path
) -> None:
    """A cache folder that is a file gives one line with the setting that moves it."""
    (tmp_path / "file").write_text("")
    wrong = settings.model_copy(update={"cache": tmp_path / "file" / "cache"})
    with pytest.raises(MachineError, match=r"Cannot write to .*FLIGHTLIB_CACHE"):
        fetch(wrong, ["kafka"], None, make_lock(kafka=[repository.put("a.jar", CONTENT)]))


def test_another_version_than_the_locked_one_is_refused(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """A version set in the environment that the lock file does not hold is named with both."""
    other = settings.model_copy(update={"kafka_version": "4.1.0"})
    lock = make_lock(kafka=[repository.put("a.jar", CONTENT)])
    with pytest.raises(SettingError, match=r"FLIGHTLIB_KAFKA_VERSION is '4\.1\.0', but the lock"):
        fetch(other, ["kafka"], None, lock)


def test_a_second_fetch_waits_for_the_first(
    repository: Any, settings: Settings, make_lock: MakeLock
) -> None:
    """While another process holds the cache, a fetch says that it waits, then does its work."""
    row = repository.put("a.jar", CONTENT)
    lock, watcher = make_lock(kafka=[row]), Watcher()
    settings.cache.mkdir()
    other = FileLock(settings.cache / ".lock", thread_local=False)
    other.acquire()
    waiting = threading.Event()
    watcher.say = lambda text: (watcher.said.append(text), waiting.set())  # type: ignore[assignment]
    thread = threading.Thread(target=fetch, args=(settings, ["kafka"], watcher, lock))
    thread.start()
    try:
        assert waiting.wait(20)
        assert repository.asked == []
    finally:
        other.release()
        thread.join(20)
    assert "waiting" in watcher.said[0]
    assert cached(settings, row).read_bytes() == CONTENT


def test_an_unknown_engine_is_named(settings: Settings, make_lock: MakeLock) -> None:
    """A wrong engine name lists the right ones."""
    with pytest.raises(SettingError, match=r"An engine cannot be 'kafak'.*Did you mean 'kafka'"):
        fetch(settings, ["kafak"], None, make_lock())
