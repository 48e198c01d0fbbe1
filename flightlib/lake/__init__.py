"""The lake: Iceberg tables that Flink writes, Trino reads, and anybody may open."""

from flightlib.lake.history import Snapshot, State, Watch, watch
from flightlib.lake.schemas import CATALOG, NAMESPACE, PLANS
from flightlib.lake.tables import address, catalog, create_tables, open_table
from flightlib.lake.trino import Answer, TooLong, ask

__all__ = [
    "CATALOG",
    "NAMESPACE",
    "PLANS",
    "Answer",
    "Snapshot",
    "State",
    "TooLong",
    "Watch",
    "address",
    "ask",
    "catalog",
    "create_tables",
    "open_table",
    "watch",
]
