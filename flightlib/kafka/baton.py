"""One publisher for each topic, between processes too: the newest has the baton."""

from __future__ import annotations

import os
import time
from pathlib import Path

from filelock import FileLock, Timeout

from flightlib.errors import TopicError
from flightlib.settings import Settings

HANDOVER_S = 20.0
LOOK_S = 0.25


class Baton:
    """The right to publish to a topic; the one who asks last gets it.

    A claim is a file that names the newest publisher. Whoever holds the lock looks at the claim
    now and then, and when it names another, finishes what it has sent and lets go. The lock
    belongs to the process: the system takes it back when the process is killed.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        folder = settings.data / "run"
        folder.mkdir(parents=True, exist_ok=True)
        self._topic = topic
        self._claim = folder / f"publisher-{topic}.claim"
        self._lock = FileLock(folder / f"publisher-{topic}.lock", thread_local=False)
        self._name = ""
        self._look_at = 0.0

    def take(self, timeout_s: float = HANDOVER_S) -> None:
        """Claim the topic and wait until its publisher has let go.

        Raises TopicError, naming that publisher's process, when it does not within `timeout_s`.
        """
        before = _read(self._claim)
        self._name = f"{os.getpid()} {id(self)} {time.time_ns()}"
        draft = self._claim.with_suffix(f".{os.getpid()}")
        draft.write_text(self._name, encoding="utf-8")
        draft.replace(self._claim)
        try:
            self._lock.acquire(timeout=timeout_s)
        except Timeout:
            raise TopicError(
                f"Process {_pid(before)} publishes to {self._topic} and does not let go. "
                "End it where it runs, or by its number, then try again."
            ) from None

    def taken_by(self) -> str | None:
        """Tell the process that claimed the topic since, or None; looks every quarter second."""
        if time.monotonic() < self._look_at:
            return None
        self._look_at = time.monotonic() + LOOK_S
        claimed = _read(self._claim)
        return _pid(claimed) if claimed and claimed != self._name else None

    def let_go(self) -> None:
        """Let the next publisher begin; twice is harmless."""
        self._lock.release()


def has_publisher(settings: Settings, topic: str) -> bool:
    """Say whether a process holds the right to publish to a topic."""
    path = settings.data / "run" / f"publisher-{topic}.lock"
    if not path.exists():
        return False
    try:
        with FileLock(path, thread_local=False).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _read(claim: Path) -> str:
    try:
        return claim.read_text(encoding="utf-8")
    except OSError:
        return ""


def _pid(name: str) -> str:
    return name.split(" ")[0] or "unknown"
