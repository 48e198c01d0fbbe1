"""The lake: Iceberg tables that Flink writes, Trino reads, and anybody may open.

import flightlib as fl
fl.lake.create_tables()     # flight_data and region_stats, if they are missing
fl.lake.tables()            # what they hold
fl.lake.snapshots()         # their history
fl.lake.prove()             # nothing lost, nothing doubled
"""

from flightlib.lake.answers import Answer
from flightlib.lake.bind import Bound, bind
from flightlib.lake.care import compact, expire, maintain, rollback
from flightlib.lake.history import Snapshot, State, Watch, reach, watch
from flightlib.lake.janitor import Janitor
from flightlib.lake.live import EVERY_S, MOST, LiveQuery
from flightlib.lake.look import at, files, partitions, snapshots, tables, wait_for_rows
from flightlib.lake.proof import Proof, prove
from flightlib.lake.questions import Question, Window, outdated_ms, placed, utc
from flightlib.lake.recent import Recent
from flightlib.lake.reset import reset
from flightlib.lake.schemas import CATALOG, NAMESPACE, PLANS
from flightlib.lake.statements import Told, shape_of, shapes, statement
from flightlib.lake.tables import address, catalog, create_tables, open_table
from flightlib.lake.tail import Tail
from flightlib.lake.tally import tally
from flightlib.lake.trino import TooLong, ask

__all__ = [
    "CATALOG",
    "EVERY_S",
    "MOST",
    "NAMESPACE",
    "PLANS",
    "Answer",
    "Bound",
    "Janitor",
    "LiveQuery",
    "Proof",
    "Question",
    "Recent",
    "Snapshot",
    "State",
    "Tail",
    "Told",
    "TooLong",
    "Watch",
    "Window",
    "address",
    "ask",
    "at",
    "bind",
    "catalog",
    "compact",
    "create_tables",
    "expire",
    "files",
    "maintain",
    "open_table",
    "outdated_ms",
    "partitions",
    "placed",
    "prove",
    "reach",
    "reset",
    "rollback",
    "shape_of",
    "shapes",
    "snapshots",
    "statement",
    "tables",
    "tally",
    "utc",
    "wait_for_rows",
    "watch",
]
