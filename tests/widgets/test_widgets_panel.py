"""The job panel: the facts of a job in plain words, live and standing still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browserlike import Sent, frames, say, until
from scripted_jobs import Facts, ScriptedJob

from flightlib.errors import SettingError
from flightlib.widgets import JobPanel, facts, pump
from flightlib.widgets.protocols import Job


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> ScriptedJob:
    """A running job, looked at every 50 ms."""
    monkeypatch.setattr(pump, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(pump, "PACE_S", 0.01)
    return ScriptedJob()


@pytest.fixture
def panel(job: ScriptedJob, ending: Callable[..., JobPanel]) -> JobPanel:
    """Its panel, shown in a browser."""
    widget = ending(JobPanel(job))
    say(widget, type="hello")
    return widget


def test_a_panel_shows_the_facts_in_words(panel: JobPanel, sent: Sent) -> None:
    """State, pace, lag, watermark and checkpoints stand there with their units."""
    shown = until(lambda: frames(sent))[0]
    assert (shown["name"], shown["state"], shown["mood"]) == ("high-altitude", "RUNNING", "well")
    assert shown["page"] == "http://localhost:8081/#/job/abc"
    told = {name: (value, note) for name, value, note in shown["facts"]}
    assert told == {
        "Uptime": ("12 min 34 s", ""),
        "Records in": ("1,003/s", "45,231 in all"),
        "Records out": ("4.2/s", "18,012 in all"),
        "Not yet read": ("120", "reports"),
        "Watermark": ("22:13:20", "UTC, 5.2 s behind"),
        "Late, dropped": ("3", "reports"),
        "Checkpoints": ("14", "last took 0.3 s, 7.2 s ago"),
        "Restarts": ("0", ""),
    }
    assert "high-altitude · RUNNING · uptime 12 min 34 s" in repr(panel)


def test_a_panel_follows_the_job(panel: JobPanel, job: ScriptedJob, sent: Sent) -> None:
    """What the cluster tells later is shown later, with the reason in plain words."""
    until(lambda: frames(sent))
    job.become(state="RESTARTING", why="The job has restarted 3 times.", restarts=3)
    until(lambda: frames(sent)[-1]["state"] == "RESTARTING")
    assert frames(sent)[-1]["mood"] == "busy"
    assert frames(sent)[-1]["why"] == "The job has restarted 3 times."
    assert panel.job is job


def test_a_panel_that_nobody_sees_asks_nothing(
    job: ScriptedJob, ending: Callable[..., JobPanel], sent: Sent
) -> None:
    """Before a browser shows it the cluster is left in peace."""
    ending(JobPanel(job))
    assert (job.asked, sent) == (0, [])


def test_the_stop_button_stops_the_job(panel: JobPanel, job: ScriptedJob, sent: Sent) -> None:
    """A browser's word is enough, and the panel shows the new state."""
    say(panel, type="stop")
    until(lambda: frames(sent) and frames(sent)[-1]["state"] == "CANCELED")
    assert frames(sent)[-1]["mood"] == "over"
    assert job.now.state == "CANCELED"


def test_a_stop_that_fails_is_told(panel: JobPanel, job: ScriptedJob, sent: Sent) -> None:
    """When the job cannot be stopped, the line below says why."""
    job.refuses = "Flink is not answering on localhost:8081."
    say(panel, type="stop")
    until(lambda: sent and sent[-1][0].get("freshness", {}).get("message") == job.refuses)
    assert panel.job is job


@pytest.mark.parametrize(
    ("given", "mood"),
    [
        ({}, "well"),
        ({"why": "It reads nothing."}, "busy"),
        ({"state": "RESTORING"}, "busy"),
        ({"state": "FAILED"}, "bad"),
        ({"state": "SILENT", "why": "Flink is not answering."}, "bad"),
        ({"state": "FINISHED"}, "over"),
        ({"state": "CANCELED", "why": "It was stopped."}, "over"),
    ],
)
def test_the_dot_tells_how_it_is(given: dict[str, Any], mood: str) -> None:
    """Green is running without a reason to worry, and nothing else is."""
    assert facts.mood(Facts(**given)) == mood


def test_what_is_unknown_is_a_dash() -> None:
    """A job of which the cluster tells nothing has no invented zeros."""
    nothing = Facts(**{name: None for name in Facts.__dataclass_fields__ if name not in KNOWN})
    told = facts.told(nothing)
    assert {(fact.value, fact.note) for fact in told} == {(facts.UNKNOWN, "")}


KNOWN = ("name", "state", "why")


def test_a_snapshot_keeps_the_facts(panel: JobPanel, job: ScriptedJob) -> None:
    """The same facts stand in HTML and in plain text, and what looks like markup is text."""
    job.become(why="<b>late</b>", name="<i>high</i>")
    sheet = panel.snapshot()
    for words in ("12 min 34 s", "1,003/s", "UTC, 5.2 s behind", "last took 0.3 s"):
        assert words in sheet.html
        assert words in sheet.words
    assert "<b>late" not in sheet.html
    assert "<i>high" not in sheet.html


@pytest.mark.parametrize("page", ["javascript:alert(1)", "", "file:///etc/passwd"])
def test_only_a_web_page_is_linked(page: str, ending: Callable[..., JobPanel], sent: Sent) -> None:
    """An address that is no web page gives no link."""
    widget = ending(JobPanel(ScriptedJob(page)))
    say(widget, type="hello")
    assert until(lambda: frames(sent))[0]["page"] == ""


def test_a_panel_of_no_job_is_refused(job: ScriptedJob) -> None:
    """What is not a job is named."""
    assert isinstance(job, Job)
    with pytest.raises(SettingError, match="A panel shows a job, not 'high-altitude'"):
        JobPanel("high-altitude")  # type: ignore[arg-type]
