"""What the lake's tables are: columns, partitions, properties. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

CATALOG, NAMESPACE = "lake", "sky"
"""In SQL a table of the lake is `lake.sky.NAME`, in Flink and in Trino alike."""

KEPT_SNAPSHOTS = 10
PROPERTIES = MappingProxyType(
    {
        "format-version": "2",
        # A commit each second writes a metadata file each second: only the newest are of use.
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "20",
        "commit.manifest.min-count-to-merge": "20",
        "write.parquet.compression-codec": "zstd",
        # Each writer keeps its own rows: sending a day's rows to one writer would idle the others.
        "write.distribution-mode": "none",
        # Flink, compaction and expiry commit to one table: who comes second tries again.
        "commit.retry.num-retries": "20",
        # A restored job looks for its own last commit among these.
        "history.expire.min-snapshots-to-keep": str(KEPT_SNAPSHOTS),
    }
)


@dataclass(frozen=True)
class Field:
    """One column: its name, its Iceberg type, and what it says, units included."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True)
class TablePlan:
    """What a table should be when it is made: its columns, and the one its days are cut by."""

    name: str
    day_of: str
    fields: tuple[Field, ...]


FLIGHT_DATA = TablePlan(
    "flight_data",
    "timestamp",
    (
        Field("flight_id", "string", "one leg flown by one aircraft"),
        Field("latitude", "double", "degrees north"),
        Field("longitude", "double", "degrees east"),
        Field("altitude", "int", "feet"),
        Field("status", "string", "ON_TIME, DELAYED, CANCELLED or DIVERTED"),
        Field("timestamp", "timestamp", "event time of the report, UTC"),
        Field("region", "string", "south-west corner of the 5 by 5 degree cell, such as 40_-75"),
        Field("flight_count", "int", "number of the report within its region and event minute"),
        Field("avg_altitude", "double", "feet, mean of the region's minute up to this report"),
        Field("processed_time", "timestamp", "when Flink wrote the row, UTC"),
    ),
)
REGION_STATS = TablePlan(
    "region_stats",
    "window_start",
    (
        Field("window_start", "timestamp", "begin of the minute of event time, UTC"),
        Field("window_end", "timestamp", "its end, UTC"),
        Field("region", "string", "south-west corner of the 5 by 5 degree cell"),
        Field("flight_count", "long", "reports in the window"),
        Field("avg_altitude", "double", "feet, mean over the window"),
    ),
)
PLANS = MappingProxyType({plan.name: plan for plan in (FLIGHT_DATA, REGION_STATS)})
