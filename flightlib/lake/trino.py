"""The one door to Trino: a statement and its values in, rows out, every failure in one line."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import tenacity
import trino

from flightlib.errors import EngineDown, FlightlibError, LakeError, SqlError
from flightlib.lake import tables
from flightlib.lake.history import missing
from flightlib.lake.schemas import CATALOG, NAMESPACE
from flightlib.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

PATIENCE_S = 60.0
"""How long a Trino that is starting is waited for."""
CALL_S = 20.0
USER = "flightlib"


class TooLong(FlightlibError):
    """A query took longer than it was given, and was cancelled on Trino."""


class Starting(Exception):
    """Trino answers, and says that it is starting."""


@dataclass(frozen=True)
class Column:
    """One column of an answer: its name, and its type as Trino writes it."""

    name: str
    type: str


@dataclass(frozen=True)
class Answer:
    """The rows of one query; times are UTC, columns keep Trino's types."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    took_s: float

    def frame(self) -> pd.DataFrame:
        """Give the rows as a table."""
        import pandas as pd  # half a second that `flightlib status` need not wait for

        frame = pd.DataFrame(list(self.rows), columns=[column.name for column in self.columns])
        for column in self.columns:
            if column.type.startswith("timestamp"):
                aware = "time zone" in column.type
                frame[column.name] = pd.to_datetime(frame[column.name], utc=aware)
        return frame


def ask(
    settings: Settings,
    sql: str,
    values: Sequence[Any] = (),
    within_s: float | None = None,
    session: dict[str, str] | None = None,
    patience_s: float = PATIENCE_S,
    most: int | None = None,
) -> Answer:
    """Run one statement to its end; `?` in it stand for `values`, which never become SQL.

    `within_s` cancels it on Trino after so many seconds; `most` ends it after so many rows. A Trino
    that is just starting is waited for `patience_s`. Raises EngineDown, TooLong, LakeError for a
    table or a file that is missing, SqlError for a statement that Trino refuses.
    """
    patient = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Starting),
        stop=tenacity.stop_after_delay(patience_s),
        wait=tenacity.wait_exponential(0.2, max=2.0),
        reraise=True,
    )
    try:
        return patient(_run, settings, sql, list(values), within_s, dict(session or {}), most)
    except Starting:
        raise EngineDown("Trino", where(settings), "flightlib up trino") from None


def where(settings: Settings) -> str:
    """Give Trino's host and port."""
    return urlsplit(settings.trino).netloc


@contextlib.contextmanager
def connection(settings: Settings, session: dict[str, str]) -> Iterator[Any]:
    """Open a connection, and close it however it ends."""
    parts = urlsplit(settings.trino)
    own = requests.Session()
    own.trust_env = False  # this machine: no proxy
    with contextlib.closing(own):
        yield trino.dbapi.connect(
            host=parts.hostname,
            port=parts.port,
            http_scheme=parts.scheme,
            user=USER,
            source=USER,
            catalog=CATALOG,
            schema=NAMESPACE,
            timezone="UTC",
            session_properties=session,
            http_session=own,
            max_attempts=1,  # the retries are ours
            request_timeout=CALL_S,
            legacy_primitive_types=False,
        )


def _run(
    settings: Settings,
    sql: str,
    values: list[Any],
    within_s: float | None,
    session: dict[str, str],
    most: int | None,
) -> Answer:
    began_s = time.monotonic()
    with connection(settings, session) as opened:
        cursor = opened.cursor()
        late = _Cancel(cursor.cancel, within_s)
        try:
            cursor.execute(sql, values or None)
            rows = cursor.fetchall() if most is None else cursor.fetchmany(most)
            columns = tuple(Column(d[0], str(d[1])) for d in cursor.description or ())
        except (trino.exceptions.Error, requests.RequestException) as error:
            if late.fired:
                raise TooLong(
                    f"The query took longer than {within_s:g} s and was cancelled on Trino. "
                    "Ask for less: fewer minutes, a region, a smaller limit."
                ) from None
            raise explained(settings, error) from None
        finally:
            late.cancel()
            with contextlib.suppress(trino.exceptions.Error, requests.RequestException):
                cursor.close()
        return Answer(columns, tuple(map(tuple, rows)), time.monotonic() - began_s)


class _Cancel:
    """Cancel a query on Trino after a while, unless it has ended before."""

    def __init__(self, act: Callable[[], Any], after_s: float | None) -> None:
        self._act, self.fired = act, False
        self._timer = threading.Timer(after_s, self._fire) if after_s is not None else None
        if self._timer:
            self._timer.daemon = True
            self._timer.start()

    def _fire(self) -> None:
        self.fired = True
        with contextlib.suppress(trino.exceptions.Error, requests.RequestException):
            self._act()

    def cancel(self) -> None:
        """Let the query be."""
        if self._timer:
            self._timer.cancel()


_TABLE = re.compile(r"Table '(?:\w+\.)*(\w+)' does not exist")
_COLUMN = re.compile(r"Column '([^']+)' cannot be resolved")
_FILE = re.compile(r"(?:file:)?(/[^\s:,\"]*[^\s:,\"/]+\.(?:parquet|avro|json))")
_AT = re.compile(r"line (\d+):(\d+): ")
_DAMAGED = ("ICEBERG_CANNOT_OPEN_SPLIT", "ICEBERG_BAD_DATA", "ICEBERG_CURSOR_ERROR")
_DAMAGED_META = ("ICEBERG_INVALID_METADATA", "ICEBERG_MISSING_METADATA", "ICEBERG_FILESYSTEM_ERROR")


def explained(settings: Settings, error: Exception) -> Exception:
    """Say in one line what went wrong; a Trino that is starting gives `Starting`."""
    if isinstance(error, requests.RequestException | trino.exceptions.TrinoConnectionError):
        return EngineDown("Trino", where(settings), "flightlib up trino")
    name = getattr(error, "error_name", None) or ""
    text = " ".join(str(getattr(error, "message", None) or error).split())
    if name == "SERVER_STARTING_UP" or isinstance(error, trino.exceptions.Http503Error):
        return Starting()
    if name in _DAMAGED or name in _DAMAGED_META:
        return _damaged(text)
    if name == "ICEBERG_CATALOG_ERROR" or "Connection refused" in text:
        return tables.down(settings)
    return _refused(text)


def _damaged(text: str) -> LakeError:
    found = _FILE.search(text)
    named = f": {found[1]}" if found else ""
    return LakeError(
        f"A file of the table is missing or damaged{named}. Ask for an earlier snapshot, or empty "
        "the tables with `fl.lake.reset()`."
    )


def _refused(text: str) -> FlightlibError:
    if found := _TABLE.search(text):
        return missing(found[1])
    place = _AT.search(text)
    at = f" at line {place[1]}, column {place[2]}" if place else ""
    said = _AT.sub("", text).rstrip(".")
    if found := _COLUMN.search(text):
        said = f"column {found[1]!r} not found"
    return SqlError(f"Trino refuses this{at}: {said}.")


def nearest(word: str, known: Sequence[str]) -> str:
    """Give a hint at the name that was probably meant."""
    near = get_close_matches(word.lower(), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
