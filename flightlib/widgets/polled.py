"""A source that is asked again and again: the catalog, or the backend about the lake."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Generic, TypeVar

from flightlib.errors import StreamError
from flightlib.live import Poller

T = TypeVar("T")
LOOK_S = 0.2


class PolledSource(Generic[T]):
    """Whatever a poller keeps asking; its line has the poller's trouble in it.

    The `others` are asked as long as this one is, and no longer.
    """

    beat_s = inf  # a poller calls back by itself

    def __init__(
        self,
        poller: Poller[T],
        tell: Callable[[T | None], dict[str, Any]],
        others: Sequence[Poller[Any]] = (),
    ) -> None:
        self.poller, self._tell, self._others = poller, tell, others

    def open(self) -> None:
        """Begin to ask."""
        for one in (*self._others, self.poller):
            one.start()

    def close(self) -> None:
        """Ask no more; the last answer stays."""
        for one in (*self._others, self.poller):
            one.stop()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the answer or the trouble is another."""
        return self.poller.on_change(lambda _: callback())

    def picture(self) -> T | None:
        """Give the last good answer."""
        return self.poller.newest

    def told(self) -> dict[str, Any]:
        """Say how it stands."""
        newest, trouble = self.poller.newest, self.poller.trouble
        state = "troubled" if trouble else "connecting" if newest is None else "live"
        return {"state": state, "message": trouble, **self._tell(newest)}


def await_answer(
    poller: Poller[T], what: str, within_s: float, fits: Callable[[T], bool] = lambda _: True
) -> T:
    """Wait for an answer that fits; raises StreamError, saying why, when none came in time."""
    deadline_s = time.monotonic() + within_s

    def fitting() -> bool:
        return poller.newest is not None and fits(poller.newest)

    while not poller.wait_for(lambda _: fitting(), LOOK_S) and time.monotonic() < deadline_s:
        pass  # what fits may change without a word of the poller
    newest = poller.newest
    if newest is None or not fits(newest):
        within = f" within {within_s:g} s" if time.monotonic() >= deadline_s else ""
        raise StreamError(f"{what} came{within}. {poller.trouble}".strip())
    return newest
