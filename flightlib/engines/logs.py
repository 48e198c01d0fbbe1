"""Follow a file that grows, across its rotation."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_LOOK_S = 0.3


def follow(path: Path, write: Callable[[str], object]) -> None:
    """Write what is added to a file, be it not there yet, until Ctrl-C."""
    position = path.stat().st_size if path.exists() else 0
    try:
        while True:
            size = path.stat().st_size if path.exists() else 0
            position = 0 if size < position else position
            if size > position:
                with path.open(encoding="utf-8", errors="replace") as text:
                    text.seek(position)
                    write(text.read())
                    position = text.tell()
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        return
