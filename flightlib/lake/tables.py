"""The tables of the lake as PyIceberg knows them: made once, opened by anybody."""

from __future__ import annotations

import re
from typing import Any

import requests

from flightlib import calls, flink
from flightlib.errors import LakeError, not_allowed
from flightlib.lake.history import missing, reach
from flightlib.lake.schemas import CATALOG, NAMESPACE, PLANS, PROPERTIES, TablePlan
from flightlib.settings import Settings, load


class Address(dict[str, Any]):
    """What opens a catalog; it shows which options there are, and not what a secret one is."""

    def __repr__(self) -> str:
        shown = {name: flink.VEIL if SECRET.search(name) else value for name, value in self.items()}
        return repr(shown)


SECRET = re.compile("token|password|secret|access-key|authorization", re.IGNORECASE)


def address(settings: Settings | None = None) -> Address:
    """Give what any Iceberg client needs to find this lake: `load_catalog("lake", **address())`."""
    settings = settings or load()
    found = Address(type="rest", uri=settings.catalog, **flink.of_catalog(settings))
    if settings.elsewhere("catalog") and settings.ca_file is not None:
        found["ssl"] = {"cabundle": str(settings.ca_file)}
    return found


def catalog(settings: Settings | None = None) -> Any:
    """Open the lake's catalog with PyIceberg. Raises EngineDown when it is not answering."""
    from pyiceberg.catalog import load_catalog

    settings = settings or load()
    reach(settings)  # PyIceberg would answer with a page of stack trace
    try:
        return load_catalog(CATALOG, **address(settings))
    except requests.exceptions.SSLError:
        todo = (
            "PyIceberg takes REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE over FLIGHTLIB_CA_FILE: unset "
            "them, or add the authority to that file."
        )
        raise calls.refused(settings, "catalog", calls.UNTRUSTED, todo) from None


def create_tables(settings: Settings | None = None) -> list[str]:
    """Make the tables that are missing and leave the others alone; give the names of the new.

    Raises EngineDown when the catalog is not answering, LakeError when a table that exists lacks a
    column that jobs write.
    """
    here = catalog(settings)
    here.create_namespace_if_not_exists(NAMESPACE)
    there = {name for _, name in here.list_tables(NAMESPACE)}
    for name in PLANS.keys() & there:
        _check(here.load_table((NAMESPACE, name)), PLANS[name])
    for plan in (new := [plan for plan in PLANS.values() if plan.name not in there]):
        _create(here, plan)
    return [plan.name for plan in new]


def open_table(name: str, settings: Settings | None = None) -> Any:
    """Open a table with PyIceberg, to scan it in this process without any engine.

    Raises EngineDown when the catalog is not answering, LakeError when there is no such table.
    """
    from pyiceberg.exceptions import NoSuchTableError

    try:
        return catalog(settings).load_table((NAMESPACE, name))
    except NoSuchTableError:
        raise missing(name) from None


def _create(here: Any, plan: TablePlan) -> None:
    from pyiceberg.exceptions import TableAlreadyExistsError
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.transforms import DayTransform
    from pyiceberg.types import NestedField

    fields = [
        NestedField(field_id=i, name=f.name, field_type=f.type, required=True, doc=f.doc)
        for i, f in enumerate(plan.fields, 1)
    ]
    day = next(f for f in fields if f.name == plan.day_of)
    by_day = PartitionField(day.field_id, 1000, DayTransform(), f"{plan.day_of}_day")
    try:
        here.create_table(
            (NAMESPACE, plan.name),
            Schema(*fields),
            partition_spec=PartitionSpec(by_day),
            properties=dict(PROPERTIES),
        )
    except TableAlreadyExistsError:
        return  # another process made it in the same moment, to the same plan


def _check(table: Any, plan: TablePlan) -> None:
    there = {field.name: str(field.field_type) for field in table.schema().fields}
    for field in plan.fields:
        if there.get(field.name) != field.type:
            found = there.get(field.name, "no such column")
            raise LakeError(
                f"Column {field.name} of table {plan.name} is {field.type} in flightlib, and the "
                f"lake has {found}. Make the tables anew with `fl.lake.reset()`."
            )


def check_table(name: str) -> str:
    """Give the name of one of flightlib's tables back. Raises LakeError for another."""
    if name not in PLANS:
        raise LakeError(not_allowed("A table", name, PLANS))
    return name
