"""The lake: Iceberg tables that Flink writes, Trino reads, and anybody may open."""

from flightlib.lake.answers import Answer
from flightlib.lake.bind import Bound, bind
from flightlib.lake.history import Snapshot, State, Watch, watch
from flightlib.lake.live import EVERY_S, MOST, LiveQuery
from flightlib.lake.schemas import CATALOG, NAMESPACE, PLANS
from flightlib.lake.tables import address, catalog, create_tables, open_table
from flightlib.lake.trino import TooLong, ask

__all__ = [
    "CATALOG",
    "EVERY_S",
    "MOST",
    "NAMESPACE",
    "PLANS",
    "Answer",
    "Bound",
    "LiveQuery",
    "Snapshot",
    "State",
    "TooLong",
    "Watch",
    "address",
    "ask",
    "bind",
    "catalog",
    "create_tables",
    "open_table",
    "watch",
]
