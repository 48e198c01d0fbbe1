"""Whether the engines of a data folder run as containers: a note in that folder."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from flightlib.engines import folder

_NOTE = "containers.json"


@dataclass(frozen=True)
class Containers:
    """What `up --compose` noted for the commands that come after it."""

    rootless: bool = False  # root in a container is then this user
    token: str = ""  # opens JupyterLab in its container


def in_containers(data: Path) -> bool:
    """Say whether the engines were started as containers, and not ended since."""
    return _path(data).is_file()


def remember(data: Path, *, rootless: bool) -> None:
    """Note that the engines run as containers; a token that was noted before stays."""
    known = Containers(rootless, recall(data).token or secrets.token_urlsafe(24))
    folder.make_private(folder.run_folder(data))
    path = _path(data)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(known)), encoding="utf-8")


def recall(data: Path) -> Containers:
    """Give what was noted."""
    try:
        return Containers(**json.loads(_path(data).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Containers()


def forget(data: Path) -> None:
    """Note nothing any more."""
    _path(data).unlink(missing_ok=True)


def _path(data: Path) -> Path:
    return folder.run_folder(data) / _NOTE
