"""The tables that every Flink session of flightlib knows: their DDL, filled with addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

from flightlib import kafka, records
from flightlib.flink import options
from flightlib.flink.fill import fill
from flightlib.flink.scan import names_in
from flightlib.settings import Settings

TABLES = ("flights", "processed_flights", "regional")
CATALOG, LAKE = "lake", "lake.sky"
_PLACE = "`default_catalog`.`default_database`"  # also after the session went elsewhere by USE
TOPIC_TABLES = ("flights", "processed_flights")


@cache
def source(table: str) -> str:
    """Read a table's DDL as it stands in `flightlib/sql`."""
    return files("flightlib").joinpath(f"sql/{table}.sql").read_text(encoding="utf-8")


def declarations(settings: Settings, group: str, startup: str, bounded: bool = False) -> list[str]:
    """Give the DDL of all tables.

    `group` is the Kafka group whose offsets a job commits; `startup` says where reading begins:
    "latest-offset", "earliest-offset" or "group-offsets". Bounded tables end with what the topic
    holds when a query starts.
    """
    values = {
        "kafka": settings.kafka,
        "registry": settings.registry,
        "schema": records.schema_text(kafka.TOPICS["processed_flights"].record),
        "group": group,
        "startup": startup,
        "end": "latest-offset" if bounded else "unbounded",
    }
    opens = options.of_topics(settings)
    return [
        options.with_options(fill(source(table), values), opens if table in TOPIC_TABLES else {})
        for table in TABLES
    ]


def catalog(settings: Settings) -> str:
    """Give the statement that makes the lake's catalog known to a session."""
    known = fill(source(CATALOG), {"catalog": settings.catalog})
    return options.with_options(known, options.of_catalog(settings))


def needs_catalog(sql: str) -> bool:
    """Say whether a statement is about the lake, or about catalogs at all."""
    return bool({CATALOG, "catalog", "catalogs"} & names_in(sql))


def starting(table: str, offsets: Mapping[int, int] | None) -> str:
    """Give the statement that lets queries read a table from offsets on; None means from now."""
    if offsets is None:
        return f"ALTER TABLE {_PLACE}.{table} SET ('scan.startup.mode' = 'latest-offset')"
    places = ";".join(f"partition:{p},offset:{offset}" for p, offset in sorted(offsets.items()))
    return (
        f"ALTER TABLE {_PLACE}.{table} SET ('scan.startup.mode' = 'specific-offsets', "
        f"'scan.startup.specific-offsets' = '{places}')"
    )


def between(table: str, stretch: Mapping[int, tuple[int, int]]) -> str:
    """Give the statement that lets queries read a table from offsets to offsets, by partition."""
    first, end = (
        ";".join(f"partition:{p},offset:{part[i]}" for p, part in sorted(stretch.items()))
        for i in (0, 1)
    )
    return (
        f"ALTER TABLE {_PLACE}.{table} SET ('scan.startup.mode' = 'specific-offsets', "
        f"'scan.startup.specific-offsets' = '{first}', 'scan.bounded.mode' = 'specific-offsets', "
        f"'scan.bounded.specific-offsets' = '{end}')"
    )


def prepare(settings: Settings) -> None:
    """Make sure that the topics and the jobs' schema exist, so that the tables can be used.

    Raises EngineDown or TopicError.
    """
    kafka.ensure_topics(settings)
    kafka.register(settings, "processed_flights")


@dataclass(frozen=True)
class Table:
    """One table: its name, its columns as (name, type, not null), and its DDL."""

    name: str
    columns: tuple[tuple[str, str, bool], ...]
    ddl: str

    def _html(self) -> str:
        cells = "".join(
            f"<tr><td>{escape(name)}</td><td>{escape(kind)}{' NOT NULL' * needed}</td></tr>"
            for name, kind, needed in self.columns
        )
        return (
            f"<details><summary><b>{escape(self.name)}</b> · {len(self.columns)} columns</summary>"
            f"<table>{cells}</table><details><summary>DDL</summary>"
            f"<pre>{escape(self.ddl)}</pre></details></details>"
        )


class Tables(tuple[Table, ...]):
    """Tables that show themselves: columns at a click, the DDL at another."""

    def _repr_html_(self) -> str:
        return "".join(table._html() for table in self)

    def __repr__(self) -> str:
        return "\n".join(
            f"{t.name}: " + ", ".join(f"{name} {kind}" for name, kind, _ in t.columns) for t in self
        )
