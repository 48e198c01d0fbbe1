"""Services of docker/compose.yaml as processes: commands, variables, order, health questions."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from played import Played

pytestmark = pytest.mark.stack


def test_the_way_to_the_first_map_works_as_composed(tmp_path: Path) -> None:
    """Kafka, registry, generator and backend come up by the file's words, and flights arrive."""
    with Played(tmp_path / "data") as play:
        play.up(["sky", "backend"])
        assert set(play.processes) == {"network", "kafka", "registry", "sky", "backend"}
        address = f"http://127.0.0.1:{play.settings.backend_port}"
        with httpx.stream("GET", f"{address}/flights/sse", trust_env=False, timeout=60) as answer:
            first = next(line for line in answer.iter_lines() if line.startswith("data:"))
        assert "flight_id" in first
    assert {process.poll() for process in play.processes.values()} <= {0, -15, 143}
    assert not play.healthy("kafka")
