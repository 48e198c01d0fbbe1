"""Flink's tables are what the topics hold: every copy of the record is compared."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from flightlib.flink import ddl
from flightlib.flink.scan import creates, pieces, statements
from flightlib.settings import HOST, load

FLINK_OF = {"string": "STRING", "double": "DOUBLE", "int": "INT", "boolean": "BOOLEAN"}
SQL = sorted(path.name for path in files("flightlib").joinpath("sql").iterdir())
COLUMN = re.compile(r"^ {4}`?(\w+)`?\s+([A-Z]+(?:\(\d+\))?)( NOT NULL)?,$", re.MULTILINE)


def avro(name: str) -> dict[str, Any]:
    """Read a schema as it stands in `flightlib/avro`."""
    return json.loads(files("flightlib").joinpath(f"avro/{name}.avsc").read_text("utf-8"))


def flink_column(field: dict[str, Any]) -> tuple[str, str, bool]:
    """Say as Flink does what a field is: its name, type, and whether it is never null."""
    kind, nullable = field["type"], isinstance(field["type"], list)
    kind = next(one for one in kind if one != "null") if nullable else kind
    if isinstance(kind, dict):
        assert kind == {"type": "long", "logicalType": "timestamp-millis"}
        return field["name"], "TIMESTAMP(3)", not nullable
    return field["name"], FLINK_OF[kind], not nullable


def columns(table: str) -> list[tuple[str, str, bool]]:
    """Give the physical columns of a table's DDL."""
    return [(name, kind, bool(needed)) for name, kind, needed in COLUMN.findall(ddl.source(table))]


@pytest.mark.parametrize(
    ("table", "schema"), [("flights", "flight_report"), ("processed_flights", "processed_flight")]
)
def test_a_table_has_the_fields_of_its_schema(table: str, schema: str) -> None:
    """The DDL has the schema's names, order, types and nullability, field by field."""
    assert columns(table) == [flink_column(field) for field in avro(schema)["fields"]]


def test_a_processed_flight_is_a_report_with_its_region() -> None:
    """The second schema is the first and one field more, down to the words."""
    report, processed = avro("flight_report"), avro("processed_flight")
    assert processed["fields"][:-1] == report["fields"]
    assert processed["fields"][-1]["name"] == "region"
    assert processed["fields"][-1]["type"] == "string"
    assert (processed["namespace"], processed["name"]) == ("flightlib", "ProcessedFlight")


def test_every_file_is_a_table_and_every_table_a_file() -> None:
    """Each file of `flightlib/sql` declares the table it is named after, in one statement."""
    assert sorted(f"{name}.sql" for name in (*ddl.TABLES, ddl.CATALOG)) == SQL
    for table in ddl.TABLES:
        (one,) = statements(ddl.source(table))
        made = creates(one.text)
        assert made is not None
        assert made[1] == f"`{table}`"
    assert set(ddl.TOPIC_TABLES) < set(ddl.TABLES)


@pytest.mark.parametrize("name", SQL)
def test_no_file_mentions_an_address(name: str) -> None:
    """Hosts and ports come from the settings alone."""
    text = files("flightlib").joinpath(f"sql/{name}").read_text(encoding="utf-8")
    assert not re.search(r"https?:|localhost|127\.0|:\d{2,5}\b", text)
    ports = {str(p) for name, p in load().model_dump().items() if name.endswith("_port")}
    assert not ports & set(re.findall(r"\d+", text))


@pytest.mark.parametrize("bounded", [False, True])
def test_declarations_are_filled_completely(bounded: bool) -> None:
    """No place is left open, and braces stand in the schema alone."""
    settings = load()
    made = ddl.declarations(settings, "flightlib-x", "group-offsets", bounded)
    for sql in made:
        texts = [text[1:-1] for kind, text in pieces(sql) if kind == "text"]
        schemas = [text for text in texts if "{" in text]
        assert [json.loads(t.replace("''", "'"))["type"] for t in schemas] in ([], ["record"])
        assert not any("{" in text for kind, text in pieces(sql) if kind == "code")
    for sql in made[:2]:
        assert f"'{HOST}:{settings.kafka_port}'" in sql
        assert f"'{settings.registry}'" in sql
        assert "'properties.group.id' = 'flightlib-x'" in sql
        assert "'scan.startup.mode' = 'group-offsets'" in sql
        end = "latest-offset" if bounded else "unbounded"
        assert f"'scan.bounded.mode' = '{end}'" in sql


def test_starting_says_where_reading_begins() -> None:
    """Offsets are listed by partition; none means that only what is new is read."""
    alter = "ALTER TABLE `default_catalog`.`default_database`.flights SET"
    assert ddl.starting("flights", None) == f"{alter} ('scan.startup.mode' = 'latest-offset')"
    assert ddl.starting("flights", {1: 20, 0: 10}) == (
        f"{alter} ('scan.startup.mode' = 'specific-offsets', "
        "'scan.startup.specific-offsets' = 'partition:0,offset:10;partition:1,offset:20')"
    )


def test_tables_show_themselves_without_markup_of_others() -> None:
    """A table shows its columns and its DDL, and a name is never markup."""
    one = ddl.Table("a<b>", (("x", "INT", True), ("y<", "STRING", False)), "CREATE <TABLE>")
    shown = ddl.Tables([one])._repr_html_()
    assert "2 columns" in shown
    assert "INT NOT NULL" in shown
    assert not re.search(r"a<b>|y<<|<TABLE>", shown)
    assert repr(ddl.Tables([one])) == "a<b>: x INT, y< STRING"
