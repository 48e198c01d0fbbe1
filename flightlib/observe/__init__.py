"""What an operator looks at: engines, topics, jobs, tables and the backend, at one moment.

`flightlib top` shows it in a terminal, and the backend tells it to Prometheus.
"""

from flightlib.observe.backend import Backend, ask
from flightlib.observe.figures import (
    Figures,
    JobFigures,
    RouteFigures,
    Seen,
    TableFigures,
    TopicFigures,
    figures,
)
from flightlib.observe.look import JobSeen, Look, look
from flightlib.observe.watcher import Watcher

__all__ = [
    "Backend",
    "Figures",
    "JobFigures",
    "JobSeen",
    "Look",
    "RouteFigures",
    "Seen",
    "TableFigures",
    "TopicFigures",
    "Watcher",
    "ask",
    "figures",
    "look",
]
