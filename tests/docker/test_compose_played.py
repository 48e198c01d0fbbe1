"""Services of docker/compose.yaml as processes: commands, variables, order, health questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from played import Played

from flightlib.live import Stream

pytestmark = pytest.mark.stack


def test_the_way_to_the_first_map_works_as_composed(tmp_path: Path) -> None:
    """Kafka, registry, generator and backend come up by the file's words, and flights arrive."""
    with Played(tmp_path / "data") as play:
        play.up(["sky", "backend"])
        assert set(play.processes) == {"network", "kafka", "registry", "sky", "backend"}
        address = f"http://127.0.0.1:{play.settings.backend_port}"
        stream = Stream(f"{address}/flights/sse").start()
        try:
            assert stream.wait_for(lambda one: len(one.flights) > 0, timeout_s=120)
        finally:
            stream.stop()
    assert {process.poll() for process in play.processes.values()} <= {0, -15, 143}
    assert not play.healthy("kafka")
