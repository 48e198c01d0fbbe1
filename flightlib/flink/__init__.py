"""Flink: SQL through the gateway, queries and named jobs, and why they are as they are."""

from flightlib.flink.beat import beats
from flightlib.flink.book import Book, Entry, writers
from flightlib.flink.cluster import Cluster
from flightlib.flink.ddl import Table, Tables
from flightlib.flink.details import Details
from flightlib.flink.distribution import distribution, distribution_version
from flightlib.flink.facts import JobFacts
from flightlib.flink.fill import fill, fill_word
from flightlib.flink.functions import NO_PYFLINK, flink_function, has_pyflink
from flightlib.flink.gateway import Column
from flightlib.flink.heard import Heard
from flightlib.flink.jobs import Job, Started, jobs
from flightlib.flink.keeper import Keeper
from flightlib.flink.options import of_catalog
from flightlib.flink.query import PATIENCE, Query
from flightlib.flink.rest import Refused
from flightlib.flink.rows import MOST
from flightlib.flink.scan import Statement, first_word, statements
from flightlib.flink.session import MOST_ROWS, Answer, Session, session
from flightlib.flink.veil import VEIL

__all__ = [
    "MOST",
    "MOST_ROWS",
    "NO_PYFLINK",
    "PATIENCE",
    "VEIL",
    "Answer",
    "Book",
    "Cluster",
    "Column",
    "Details",
    "Entry",
    "Heard",
    "Job",
    "JobFacts",
    "Keeper",
    "Query",
    "Refused",
    "Session",
    "Started",
    "Statement",
    "Table",
    "Tables",
    "beats",
    "distribution",
    "distribution_version",
    "fill",
    "fill_word",
    "first_word",
    "flink_function",
    "has_pyflink",
    "jobs",
    "of_catalog",
    "session",
    "statements",
    "tables",
    "writers",
]


def tables() -> Tables:
    """Show Flink's tables in this notebook: their columns, and their DDL folded."""
    return session().describe()
