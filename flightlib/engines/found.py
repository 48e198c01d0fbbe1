"""The engines of a data folder, however they run: as processes or as containers."""

from __future__ import annotations

from collections.abc import Callable

from flightlib.engines.compose import Compose
from flightlib.engines.local import Local
from flightlib.engines.mode import in_containers
from flightlib.settings import Settings


def _quiet(*_words: str) -> None:
    """Say nothing."""


def found(
    settings: Settings, say: Callable[[str], object] = _quiet, *, compose: bool = False
) -> Local | Compose:
    """Give the engines of these settings; in containers if asked for, or if they run so already."""
    wanted = compose or in_containers(settings.data)
    return Compose(settings, say) if wanted else Local(settings, say)
