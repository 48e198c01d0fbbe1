"""A scripted Trino and catalog, and settings that point at them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_trino import ScriptedLake, serving_lake

from flightlib.settings import Settings, load


@pytest.fixture
def lake() -> Iterator[ScriptedLake]:
    """A scripted lake that listens."""
    with serving_lake() as scripted:
        yield scripted


@pytest.fixture
def settings(lake: ScriptedLake) -> Settings:
    """Settings that point at the scripted lake."""
    return load(trino_port=lake.port, catalog_port=lake.port)
