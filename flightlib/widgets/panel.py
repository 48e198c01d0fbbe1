"""The job panel: how one job of the cluster is doing, asked anew each second."""

from __future__ import annotations

import time
from html import escape
from typing import Any
from urllib.parse import urlsplit

from flightlib import charts
from flightlib.errors import SettingError
from flightlib.widgets import facts, stills
from flightlib.widgets.live_widget import SMALLEST_PX, LiveWidget
from flightlib.widgets.protocols import Job, JobFacts
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Sheet
from flightlib.widgets.sources import JobSource

BEGINNING = ("STARTING", "CREATED", "INITIALIZING", "RUNNING")
DOTS = {"well": "#2fbf71", "busy": "#e0a100", "over": "#8a94a6", "bad": "#d9534f"}


class JobPanel(LiveWidget):
    """Watch a job: `JobPanel(job)` as a cell's last line.

    It shows the job's state, its pace, what it has not read yet, its watermark, its checkpoints,
    and in plain words what is off, if something is. The Stop button stops the job; the link opens
    its Flink page. `theme` is "auto" (follow JupyterLab), "dark" or "light".

    Raises SettingError for an argument that is not allowed.
    """

    def __init__(self, job: Job, theme: str = "auto") -> None:
        if not isinstance(job, Job):
            raise SettingError(f"A panel shows a job, not {job!r}.")
        self.job = job
        self._source = JobSource(job)
        super().__init__(self._source, theme, SMALLEST_PX)

    def _content(self) -> dict[str, Any]:
        return {"kind": "panel", "dots": DOTS}

    def _frame(self, picture: JobFacts) -> Message:
        told = {
            "name": picture.name,
            "state": picture.state,
            "mood": facts.mood(picture),
            "why": picture.why,
            "page": page_of(self.job),
            "facts": facts.told(picture),
        }
        return {"type": "frame", **told}, []

    def _line(self) -> str:
        return in_words(self.job.facts())

    def snapshot(self, within_s: float = 10.0) -> Sheet:
        """Keep the facts as they are now: they stay in the notebook without a kernel.

        A job that has just begun is given up to `within_s` seconds to read its first reports.
        """
        now, deadline_s = self.job.facts(), time.monotonic() + within_s
        while now.state in BEGINNING and not now.records_in and time.monotonic() < deadline_s:
            time.sleep(0.2)
            now = self.job.facts()
        caption = f"{now.why.rstrip('. ')} · {stills.moment()}" if now.why else stills.moment()
        return Sheet(
            stills.sheet(_head(now) + _tiles(now, self._worn), caption, self._worn),
            f"{in_words(now)} · {stills.moment()}",
        )

    def _stop_pressed(self) -> None:
        self._source.stopper.start()


def page_of(job: Job) -> str:
    """Give the address of a job's page, if it is one that a browser may open."""
    return job.page if urlsplit(job.page).scheme in ("http", "https") else ""


def in_words(now: JobFacts) -> str:
    """Say how a job is, in one line."""
    known = [f for f in facts.told(now) if f.value != facts.UNKNOWN]
    parts = [f"{f.name.lower()} {f.value}{f' ({f.note})' if f.note else ''}" for f in known]
    return " · ".join([now.name, now.state, *([now.why] if now.why else []), *parts])


def _head(now: JobFacts) -> str:
    dot = f"width:10px;height:10px;border-radius:50%;background:{DOTS[facts.mood(now)]}"
    return (
        "<div style='padding:4px 14px 8px;font-size:16px'>"
        f"<span style='display:inline-block;margin-right:8px;{dot}'></span>"
        f"<strong>{escape(now.name)}</strong> &nbsp;{escape(now.state)}</div>"
    )


def _tiles(now: JobFacts, theme: str) -> str:
    faint = f"color:{charts.palette(theme).faint}"
    tiles = (
        f"<div style='min-width:130px'><div style='{faint}'>{escape(fact.name)}</div>"
        f"<div style='font-size:19px'>{escape(fact.value)}</div>"
        f"<div style='{faint}'>{escape(fact.note)}</div></div>"
        for fact in facts.told(now)
    )
    style = "display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px 18px"
    return f"<div style='{style};padding:0 14px'>{''.join(tiles)}</div>"
