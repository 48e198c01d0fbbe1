"""How much of the machine's cores some processes use."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import psutil


class Cores:
    """Watch groups of processes from now on; `look` says how many cores each has used since."""

    def __init__(self, groups: Mapping[str, Sequence[psutil.Process]]) -> None:
        """Begin; one that ends while it is watched counts no more."""
        self._groups, self._begun_s = groups, time.monotonic()
        self._before = {name: self._spent(group) for name, group in groups.items()}

    def look(self) -> dict[str, float]:
        """Give processor time by the clock's time for each group: 1.0 is one core, all the time."""
        passed_s = max(time.monotonic() - self._begun_s, 1e-9)
        return {
            name: max(0.0, self._spent(group) - self._before[name]) / passed_s
            for name, group in self._groups.items()
        }

    @staticmethod
    def _spent(group: Iterable[psutil.Process]) -> float:
        return sum(spent_s(one) for one in group)


def spent_s(process: psutil.Process) -> float:
    """Give the processor time a process has used, in seconds; nothing of one that has ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
