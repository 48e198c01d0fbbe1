"""What the tests of widgets share: a scripted stream, what is sent, and an end without threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browserlike import Sent, until
from scripted import Script, serving
from scripted_answers import ScriptedLake
from scripted_answers import serving as serving_lake

from flightlib.widgets import LiveMap
from flightlib.widgets.live_widget import LiveWidget


@pytest.fixture
def script() -> Iterator[Script]:
    """A running stream that says what a test scripts."""
    with serving() as server:
        yield server.script


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedLake]:
    """A running lake with three commits; the settings say that its catalog is there."""
    with serving_lake() as running:
        monkeypatch.setenv("FLIGHTLIB_CATALOG_PORT", str(running.port))
        yield running


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Everything that widgets send to their browsers."""
    messages: Sent = []

    def record(_self: Any, content: dict[str, Any], buffers: list[bytes]) -> None:
        messages.append((content, buffers))

    monkeypatch.setattr(LiveWidget, "send", record)
    return messages


@pytest.fixture
def ending(sent: Sent) -> Iterator[Callable[[LiveWidget], LiveWidget]]:
    """Close the widgets it is given at the end; afterwards none of their threads is left."""
    made: list[LiveWidget] = []

    def keep(widget: LiveWidget) -> LiveWidget:
        made.append(widget)
        return widget

    yield keep
    for widget in made:
        widget.close()
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("flightlib-")])


@pytest.fixture
def make(script: Script, ending: Callable[[LiveWidget], LiveWidget]) -> Callable[..., LiveWidget]:
    """Make widgets on the scripted stream."""

    def create(kind: type[LiveWidget] = LiveMap, **given: Any) -> LiveWidget:
        return ending(kind(script.url, **given))

    return create
