"""How many files a process may have open: each stream is one, on either side."""

from __future__ import annotations

import resource

ENOUGH = 65_536
MACOS_MOST = 10_240
SPARE = 500
"""What a server or a load process has open besides its streams, and then some."""


def raise_open_files() -> int:
    """Let this process, and what it starts, open as many files as it may; say how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    for wanted in (ENOUGH, MACOS_MOST):
        most = wanted if hard == unlimited else min(wanted, hard)
        if soft == unlimited or soft >= most:
            return ENOUGH if soft == unlimited else soft
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):
            continue
        return most
    return soft


def streams_that_fit(wanted: int) -> int:
    """Say how many of so many streams one process may have open."""
    return max(1, min(wanted, raise_open_files() - SPARE))
