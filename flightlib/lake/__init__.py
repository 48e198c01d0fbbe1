"""The lake: Iceberg tables that Flink writes, Trino reads, and anybody may open."""

from flightlib.lake.history import Snapshot, State, Watch, watch
from flightlib.lake.questions import Question, Window, outdated_ms, placed, utc
from flightlib.lake.schemas import CATALOG, NAMESPACE, PLANS
from flightlib.lake.statements import Told, shape_of, shapes, statement
from flightlib.lake.tables import address, catalog, create_tables, open_table
from flightlib.lake.trino import Answer, TooLong, ask

__all__ = [
    "CATALOG",
    "NAMESPACE",
    "PLANS",
    "Answer",
    "Question",
    "Snapshot",
    "State",
    "Told",
    "TooLong",
    "Watch",
    "Window",
    "address",
    "ask",
    "catalog",
    "create_tables",
    "open_table",
    "outdated_ms",
    "placed",
    "shape_of",
    "shapes",
    "statement",
    "utc",
    "watch",
]
