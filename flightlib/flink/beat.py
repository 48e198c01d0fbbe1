"""The keeper's sign of life: a file that it touches every round."""

from __future__ import annotations

import time
from pathlib import Path

from flightlib.settings import Settings

FRESH_S = 10.0


def beat_file(settings: Settings) -> Path:
    """Name the file that the keeper touches every round."""
    return settings.data / "run" / "keeper.beat"


def beats(settings: Settings, since_s: float = 0.0) -> bool:
    """Say whether a keeper has been at work just now, and since its process started."""
    try:
        last_s = beat_file(settings).stat().st_mtime
    except OSError:
        return False
    return last_s >= since_s and time.time() - last_s < FRESH_S
