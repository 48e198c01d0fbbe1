"""What stands in docker/prometheus and docker/grafana is whole, and speaks of what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from expressions import (
    ALERTS,
    CONFIG,
    DOCKER,
    alerts,
    expressions,
    names_in,
    panels,
    read_yaml,
    used,
)
from typer.main import get_command
from typer.testing import CliRunner

from flightlib.cli import app
from flightlib.engines.prometheus import with_ports
from flightlib.settings import load

NO_PROMTOOL = "promtool is not here; Debian has it in its package `prometheus`"
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason=NO_PROMTOOL)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ports be those of docker/.env."""
    for name in ("BACKEND", "TRINO", "PROMETHEUS"):
        monkeypatch.delenv(f"FLIGHTLIB_{name}_PORT", raising=False)


def test_ports_are_those_of_the_address_book() -> None:
    """Prometheus looks where docker/.env says that each one listens, Grafana where it is told."""
    settings = load()
    found = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in read_yaml(CONFIG)["scrape_configs"]
    }
    assert found == {
        "prometheus": [f"127.0.0.1:{settings.prometheus_port}"],
        "flightlib-backend": [f"127.0.0.1:{settings.backend_port}"],
        "flightlib-engines": [f"127.0.0.1:{settings.backend_port}"],
        "trino": [f"127.0.0.1:{settings.trino_port}"],
    }
    (source,) = read_yaml(DOCKER / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://127.0.0.1:$FLIGHTLIB_PROMETHEUS_PORT"
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["uid"]}


def test_the_ports_that_are_set_stand_in_what_prometheus_is_given() -> None:
    """Each job gets the port of its own; nothing else of the file is another."""
    text = CONFIG.read_text(encoding="utf-8")
    assert with_ports(text, load()) == text
    moved = load(prometheus_port=1, backend_port=2, trino_port=3)
    told = yaml.safe_load(with_ports(text, moved))["scrape_configs"]
    ports = [job["static_configs"][0]["targets"][0].split(":")[1] for job in told]
    assert ports == ["1", "2", "2", "3"]


def test_what_is_looked_at_of_trino_is_kept() -> None:
    """Of Trino's many metrics those pass that the dashboard asks for."""
    (kept,) = [
        rule["regex"]
        for job in read_yaml(CONFIG)["scrape_configs"]
        for rule in job.get("metric_relabel_configs", [])
    ]
    trinos = {name for name in used() if name.startswith("trino_")}
    assert trinos
    assert all(re.fullmatch(kept, name) for name in trinos)


def test_without_prometheus_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`flightlib observe` on a machine that has none names the packages, and starts nothing."""
    monkeypatch.setenv("PATH", "")
    done = CliRunner().invoke(app, ["observe"])
    assert done.exit_code == 1
    assert "`apt-get install prometheus`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_expression_tells_its_metrics() -> None:
    """Functions, labels, lengths of time and words of PromQL are no metrics."""
    text = 'sum by (a, b) (rate(x_total{job="y_z"}[5m])) / on (c) clamp_min(w, 1) and on () v > 2e3'
    assert names_in(text) == {"x_total", "w", "v"}


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    """Each has a summary, an action and a severity, and stands in the tests and in the page."""
    page = (DOCKER / "OBSERVE.md").read_text(encoding="utf-8")
    tried = (DOCKER / "prometheus" / "alerts_test.yml").read_text(encoding="utf-8")
    for rule in alerts():
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert f"`{rule['alert']}`" in page
        assert f'alertname="{rule["alert"]}"' in tried


def test_the_dashboard_has_a_place_for_each_panel() -> None:
    """No two panels lie over each other, each has a title, words and at least one question."""
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        own = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not own & taken
        assert max(x for x, _ in own) < 24
        taken |= own
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]


def ours(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith("flightlib_")}


def test_the_page_explains_every_metric_of_ours_that_is_looked_at() -> None:
    """OBSERVE.md has each metric of the alerts and the dashboard in plain words."""
    page = (DOCKER / "OBSERVE.md").read_text(encoding="utf-8")
    missing = {name for name in ours(used()) if name not in page}
    bare = {
        name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in missing
    }
    assert {name for name in bare if name not in page} == set()


def test_the_page_names_commands_that_exist() -> None:
    """What OBSERVE.md and the alerts tell one to type is a command of flightlib."""
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    told = [(DOCKER / "OBSERVE.md").read_text("utf-8"), ALERTS.read_text("utf-8")]
    assert set(re.findall(r"`flightlib ([a-z]+)", " ".join(told))) <= known


@needs_promtool
@pytest.mark.parametrize(
    "words", [["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]]
)
def test_promtool_accepts_the_configuration_and_every_alert(words: list[str]) -> None:
    """The configuration is whole; each alert fires when it is to, and not otherwise."""
    done = subprocess.run(
        ["promtool", *words], cwd=CONFIG.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_can_read_every_expression(tmp_path: Path) -> None:
    """What the dashboard asks is PromQL: promtool takes it as rules."""
    rules = [{"record": f"x:{i}", "expr": text} for i, text in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=none", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
