"""One file over HTTP into the hands of pooch, going on where a broken download stopped."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests

from flightlib.engines.lockfile import Artifact
from flightlib.errors import ArtifactError, SettingError

_BLOCK = 1 << 16  # bytes; what is cut off in the middle of a block is asked for again
_CONNECT_S, _SILENCE_S = 10, 60
_PAUSE_S = 1.0
_FRUITLESS = 3  # attempts in a row that bring nothing, before giving up
_PASSING = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Stopped(Exception):
    """Another download failed, or the user pressed Ctrl-C."""


def certificates() -> str | bool:
    """The file of trusted certificates that the environment names; True for the usual ones."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if found := os.environ.get(name):
            if not Path(found).exists():
                raise SettingError(
                    f"{name} cannot be {found!r}: there is no such file. "
                    "Set it to a file of trusted certificates, or unset it."
                )
            return found
    return True


@dataclass(frozen=True)
class Download:
    """A downloader for pooch: `download(url, output_file, pooch)` fetches one artifact.

    What has arrived stays in `part` until it is whole, so that an interrupted download goes on
    from there, also in another process. Raises ArtifactError if what arrived is another file.
    """

    artifact: Artifact
    part: Path
    stop: threading.Event
    advance: Callable[[int], None]

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        """Fetch `url` into `output_file`, whole and right, or raise."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        continued = _size(self.part) > 0
        self._arrive(url)
        if continued and not self._right():  # what was left over was not of this file
            self._restart()
            self._arrive(url)
        if not self._right():
            got = pooch.file_hash(str(self.part))
            self._restart()
            raise wrong_file(self.artifact, f"sha256 {self.artifact.sha256}", f"sha256 {got}")
        os.replace(self.part, output_file)

    def _right(self) -> bool:
        return bool(pooch.file_hash(str(self.part)) == self.artifact.sha256)

    def _restart(self) -> None:
        self.advance(-_size(self.part))
        self.part.unlink()

    def _arrive(self, url: str) -> None:
        """Ask again as long as each answer brings a little more."""
        fruitless = 0
        self.advance(_size(self.part))
        while True:
            before = _size(self.part)
            try:
                return self._ask(url)
            except requests.RequestException as error:
                fruitless = 0 if _size(self.part) > before else fruitless + 1
                if fruitless == _FRUITLESS or not _may_pass(error):
                    raise
                self.stop.wait(_PAUSE_S)

    def _ask(self, url: str) -> None:
        """Make one request for what is missing."""
        have = _size(self.part)
        if have == self.artifact.size:
            return
        # identity: a .tar.gz must not be unzipped on the way
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(
            url,
            headers=headers,
            stream=True,
            timeout=(_CONNECT_S, _SILENCE_S),
            verify=certificates(),
        ) as answer:
            answer.raise_for_status()
            if have and answer.status_code != requests.codes.partial_content:
                self._restart()
            self._write(answer)
        if _size(self.part) < self.artifact.size:
            raise requests.ConnectionError("the answer was cut short")

    def _write(self, answer: requests.Response) -> None:
        with self.part.open("ab") as out:
            for block in answer.iter_content(_BLOCK):
                if self.stop.is_set():
                    raise Stopped
                if out.tell() + len(block) > self.artifact.size:
                    break
                out.write(block)
                self.advance(len(block))
            else:
                return
        self._restart()
        raise wrong_file(self.artifact, f"{self.artifact.size} bytes", "more")


def wrong_file(artifact: Artifact, expected: str, got: str) -> ArtifactError:
    """Say that a file is not the one the lock file names."""
    return ArtifactError(
        f"{artifact.name} is not the file it should be: expected {expected}, got {got}. "
        "It was not kept. Type the same command again; if it stays, "
        "FLIGHTLIB_MAVEN_REPOSITORY serves another file under this name."
    )


def _may_pass(error: requests.RequestException) -> bool:
    """Whether asking again may help: not for a wrong certificate or a file that is not there."""
    if isinstance(error, requests.HTTPError):
        return error.response.status_code in (429, *range(500, 600))
    return isinstance(error, _PASSING) and not isinstance(error, requests.exceptions.SSLError)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
