"""Speak to widgets as a browser does, and wait for what they say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flightlib.widgets.live_widget import LiveWidget

Sent = list[tuple[dict[str, Any], list[bytes]]]


def until(condition: Callable[[], Any], within_s: float = 10.0) -> Any:
    """Wait until something is so, and give it."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
    return found


def of_type(sent: Sent, kind: str) -> Sent:
    """The messages of one type."""
    return [one for one in sent if one[0]["type"] == kind]


def frames(sent: Sent) -> list[dict[str, Any]]:
    """The frames that were sent, oldest first."""
    return [message for message, _ in of_type(sent, "frame")]


def say(widget: LiveWidget, **message: Any) -> None:
    """Speak as a browser does."""
    widget._handle_custom_msg(message, [])
