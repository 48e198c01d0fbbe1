"""A store that speaks S3, as a local process over a folder, and what engines need to use it.

The store is s3proxy, from the same kind of repository as the engines and on their Java.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flightlib.engines.fetch import alone, cached, download
from flightlib.engines.layout import java
from flightlib.engines.lockfile import Artifact, Lock
from flightlib.engines.progress import Silent
from flightlib.settings import Settings

HOST, BUCKET, REGION = "127.0.0.1", "flights", "eu-test-1"
STARTED_WITHIN_S = 60.0
SERVER = Artifact(
    "org/gaul/s3proxy/4.1.0/s3proxy-4.1.0-jar-with-dependencies.jar",
    54955934,
    "a4d025969aaf796616ed4b1e2491d87d455ce84bb28cb9db086b2e6aaa68b48d",
    ".",
    0,
)
BUNDLE = Artifact(
    "org/apache/iceberg/iceberg-aws-bundle/1.11.0/iceberg-aws-bundle-1.11.0.jar",
    63613165,
    "38f01da7e96850cdd05e6616d758b77b43314b712a8808e3f9a824d56976162f",
    ".",
    0,
)
OF_CATALOG = (
    Artifact(
        "org/apache/iceberg/iceberg-aws/1.11.0/iceberg-aws-1.11.0.jar",
        230377,
        "4cfe4a7ba3a4fb247a29e60c614678c3b7a1e9b4b91f54e0ca3406419c9338f0",
        ".",
        0,
    ),
    Artifact(
        "dev/failsafe/failsafe/3.3.2/failsafe-3.3.2.jar",
        143998,
        "2c5dc879a6dac7ea3a7b29d795e27bd49b8e7908b05c2f3e56053c19d79850f5",
        ".",
        0,
    ),
)


@dataclass(frozen=True)
class Store:
    """A running store: where it answers, what opens it, and the jars for its clients in Java."""

    endpoint: str
    access_key: str
    secret_key: str
    folder: Path
    bundle: Path
    of_catalog: tuple[Path, ...]

    @property
    def warehouse(self) -> str:
        """Where the lake's tables lie."""
        return f"s3://{BUCKET}/warehouse"


@contextmanager
def store(settings: Settings, folder: Path, port: int) -> Iterator[Store]:
    """Fetch the store once, run it over a folder and on a port, and end it."""
    files = (SERVER, BUNDLE, *OF_CATALOG)
    with alone(settings, Silent()):
        for _ in download(settings, ["store"], Silent(), Lock({}, {}, {"store": files})):
            pass
    (folder / "buckets" / BUCKET).mkdir(parents=True)
    key, secret = "store-access-key", f"store/secret+{secrets.token_hex(8)}="
    options = {
        "s3proxy.endpoint": f"http://{HOST}:{port}",
        "s3proxy.authorization": "aws-v4",
        "s3proxy.ignore-unknown-headers": "true",  # Trino asks for more than it knows
        "s3proxy.identity": key,
        "s3proxy.credential": secret,
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(folder / "buckets"),
    }
    written = folder / "store.properties"
    written.write_text("".join(f"{k}={v}\n" for k, v in options.items()), encoding="utf-8")
    program = [java(settings, "kafka"), "-Xmx256m", "-jar", cached(settings, SERVER)]
    with (folder / "store.log").open("wb") as log:
        # As many signals as it likes: it ends by its own process id.
        running = subprocess.Popen(
            [*program, "--properties", written], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        _await(running, port, folder / "store.log")
        jars = tuple(cached(settings, jar) for jar in OF_CATALOG)
        bundle = cached(settings, BUNDLE)
        yield Store(options["s3proxy.endpoint"], key, secret, folder / "buckets", bundle, jars)
    finally:
        running.terminate()
        running.wait(20)


def _await(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline_s = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < deadline_s and running.poll() is None:
        with closing(socket.socket()) as caller:
            if caller.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"the store does not start: {log.read_text('utf-8', 'replace')[-1000:]}")
