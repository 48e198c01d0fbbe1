"""Live widgets: a stream, a query or a job joined to a picture, in a notebook cell."""

from flightlib.widgets.bars import LiveBars
from flightlib.widgets.dashboard import Dashboard
from flightlib.widgets.density import LiveDensity
from flightlib.widgets.filters import Filters
from flightlib.widgets.line import LiveLine
from flightlib.widgets.map import LiveMap
from flightlib.widgets.panel import JobPanel
from flightlib.widgets.protocols import Column, Job, JobFacts, Query
from flightlib.widgets.replay_controls import ReplayControls
from flightlib.widgets.scenarios import ScenarioPanel
from flightlib.widgets.snapshot import Sheet, Snapshot
from flightlib.widgets.table import LiveTable
from flightlib.widgets.timeline import LiveSnapshots
from flightlib.widgets.travel import TimeTravel

__all__ = [
    "Column",
    "Dashboard",
    "Filters",
    "Job",
    "JobFacts",
    "JobPanel",
    "LiveBars",
    "LiveDensity",
    "LiveLine",
    "LiveMap",
    "LiveSnapshots",
    "LiveTable",
    "Query",
    "ReplayControls",
    "ScenarioPanel",
    "Sheet",
    "Snapshot",
    "TimeTravel",
]
