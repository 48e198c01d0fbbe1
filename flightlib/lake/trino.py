"""The one door to Trino: a statement and its values in, rows out, every failure in one line."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
import trino
from requests.utils import get_environ_proxies

from flightlib import calls
from flightlib.errors import FlightlibError, LakeError, Outrun
from flightlib.lake.answers import Answer, Column, readable
from flightlib.lake.faults import Sent, refused
from flightlib.lake.history import down
from flightlib.lake.names import names
from flightlib.lake.schemas import CATALOG, NAMESPACE
from flightlib.settings import Settings, is_near

PATIENCE_S = 60.0
"""How long a Trino that is starting is waited for."""
CALL_S = 20.0
LOOK_S = 5.0
"""How long the names are looked for that an error could have meant."""
USER = "flightlib"
TRACE_TOKEN = "X-Trino-Trace-Token"
FAILURES = (trino.exceptions.Error, trino.exceptions.HttpError, requests.RequestException)
"""Whatever Trino's client raises; what it calls an HTTP error is no Error of its own."""


class TooLong(FlightlibError):
    """A query took longer than it was given, and was cancelled on Trino."""


class Canceller:
    """Cancels on Trino, from any thread, the query it is given to; whoever asked gets the error."""

    def __init__(self) -> None:
        self.error: FlightlibError | None = None
        self._act: Callable[[], Any] | None = None

    def holds(self, act: Callable[[], Any] | None) -> None:
        """Take what cancels the query that runs now; None when none does."""
        self._act = act

    def fire(self, error: FlightlibError) -> None:
        """Cancel; harmless when nothing runs, and again and again."""
        self.error = error
        if act := self._act:
            with contextlib.suppress(*FAILURES):
                act()


class Starting(Exception):
    """Trino answers, and says that it is starting."""


def ask(
    settings: Settings,
    sql: str,
    values: Sequence[Any] = (),
    within_s: float | None = None,
    session: Mapping[str, str] = MappingProxyType({}),
    patience_s: float = PATIENCE_S,
    most: int | None = None,
    first_line: int = 1,
    say: Callable[[str], Any] = lambda _line: None,
    canceller: Canceller | None = None,
    plain: bool = False,
    told: str = "",
) -> Answer:
    """Run one statement to its end; `?` in it stand for `values`, which never become SQL.

    `within_s` cancels it on Trino after so many seconds; `most` ends it after so many rows. A Trino
    that is just starting is waited for `patience_s`, and `say` gets one line about that. Errors
    count lines from `first_line`, the statement's first in its cell. `plain` leaves times as texts.
    `told` is what it is for (see `connection`). Raises EngineDown, TooLong, LakeError for what is
    missing, SqlError for what Trino refuses.
    """

    def tell(state: tenacity.RetryCallState) -> None:
        if state.attempt_number == 1:
            say(f"Trino is starting; waiting up to {patience_s:g} s.")

    patient = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Starting),
        stop=tenacity.stop_after_delay(patience_s),
        wait=tenacity.wait_exponential(0.2, max=2.0),
        before_sleep=tell,
        reraise=True,
    )
    sent, how = Sent(sql, first_line, bool(values)), (dict(session), plain, told)
    try:
        with _timed(canceller := canceller or Canceller(), within_s):
            return patient(_run, settings, sent, list(values), how, most, canceller)
    except Starting:
        raise calls.down(settings, "trino") from None


@contextlib.contextmanager
def _timed(canceller: Canceller, within_s: float | None) -> Iterator[None]:
    if within_s is None:
        yield
        return
    late = TooLong(
        f"The query took longer than {within_s:g} s and was cancelled on Trino. "
        "Ask for less: fewer minutes, a region, a smaller limit."
    )
    timer = threading.Timer(within_s, canceller.fire, [late])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def where(settings: Settings) -> str:
    """Give Trino's host and port."""
    return calls.where(settings, "trino")


@contextlib.contextmanager
def connection(
    settings: Settings, session: Mapping[str, str], plain: bool = False, told: str = ""
) -> Iterator[Any]:
    """Open a connection, and close it however it ends; `plain` leaves values as they come.

    `told` names what its queries are for: Trino has it in their source, `flightlib/TOLD`, in their
    client tags and as their trace token.
    """
    parts = urlsplit(settings.trino)
    with contextlib.closing(_http(settings)) as own:
        yield trino.dbapi.connect(
            host=parts.hostname,
            port=parts.port or {"http": 80, "https": 443}[parts.scheme],
            http_scheme=parts.scheme,
            user=settings.trino_user or USER,
            auth=_auth(settings),
            source=f"{USER}/{told}" if told else USER,
            client_tags=[told] if told else None,
            http_headers={TRACE_TOKEN: told} if told else None,
            catalog=CATALOG,
            schema=NAMESPACE,
            timezone="UTC",
            session_properties=dict(session),
            http_session=own,
            max_attempts=1,  # the retries are ours
            request_timeout=CALL_S,
            legacy_primitive_types=plain,
            legacy_prepared_statements=False,  # else the client would ask which way it is
        )


def _http(settings: Settings) -> requests.Session:
    """Make the HTTP session of one connection: no proxy for this machine, checked certificates.

    It reads nothing of the environment by itself: a certificate file there would win over ours.
    """
    own = requests.Session()
    own.trust_env = False
    if settings.elsewhere("trino"):
        own.verify = str(settings.ca_file) if settings.ca_file else True
        own.proxies = {} if is_near(settings.trino) else get_environ_proxies(settings.trino)
    return own


def _auth(settings: Settings) -> Any:
    login = settings.login("trino")
    if login.token:
        return trino.auth.JWTAuthentication(login.token.get_secret_value())
    if login.password:
        return trino.auth.BasicAuthentication(login.user, login.password.get_secret_value())
    return None


def _run(
    settings: Settings,
    sent: Sent,
    values: list[Any],
    how: tuple[Mapping[str, str], bool, str],
    most: int | None,
    canceller: Canceller,
) -> Answer:
    began_s = time.monotonic()
    with connection(settings, *how) as opened:
        cursor = opened.cursor()
        canceller.holds(cursor.cancel)
        if canceller.error:  # its time went by while Trino was starting
            raise canceller.error
        try:
            cursor.execute(sent.sql, values or None)
            rows = cursor.fetchall() if most is None else cursor.fetchmany(most)
            if canceller.error:  # the client may give what came until then, as if it were all
                raise canceller.error
            columns = tuple(Column(d[0], str(d[1])) for d in cursor.description or ())
        except FAILURES as error:
            raise canceller.error or explained(settings, error, sent) from None
        finally:  # of an interrupt too: what runs is cancelled
            canceller.holds(None)
            with contextlib.suppress(*FAILURES):
                cursor.close()
        took_s, told = time.monotonic() - began_s, tuple(readable(columns, rows))
        written = cursor.rowcount if cursor.rowcount >= 0 else None
        return Answer(columns, told, took_s, cursor.update_type or "", written)


_FILE = re.compile(r"(?:file:)?(?://)?(/[^\s:,\"]*[^\s:,\"/]+\.(?:parquet|avro|json))")
_DAMAGED = ("ICEBERG_CANNOT_OPEN_SPLIT", "ICEBERG_BAD_DATA", "ICEBERG_CURSOR_ERROR")
_DAMAGED_META = ("ICEBERG_INVALID_METADATA", "ICEBERG_MISSING_METADATA", "ICEBERG_FILESYSTEM_ERROR")
_CLOSED = re.compile(r"error (401|403)\b")
_CONFLICTS = ("ICEBERG_COMMIT_ERROR", "TRANSACTION_CONFLICT")

_NOT_YET = ("SERVER_STARTING_UP", "NO_NODES_AVAILABLE")
"""What a Trino says in its first moments: that it starts, or that it has not found itself yet."""


def explained(settings: Settings, error: Exception, sent: Sent) -> Exception:
    """Say in one line what went wrong; a Trino that is starting gives `Starting`."""
    kind = getattr(error, "error_name", None) or ""
    lost = isinstance(error, requests.RequestException | trino.exceptions.TrinoConnectionError)
    if settings.elsewhere("trino") and lost:
        return calls.unanswered(settings, "trino", error)
    if lost or kind == "SERVER_SHUTTING_DOWN":
        return calls.down(settings, "trino")
    if isinstance(error, trino.exceptions.HttpError) and (closed := _CLOSED.match(str(error))):
        return calls.refused_login(settings, "trino", int(closed[1]))
    text = str(getattr(error, "message", None) or error)
    if kind in _NOT_YET or isinstance(error, trino.exceptions.Http503Error):
        return Starting()
    if kind in _DAMAGED or kind in _DAMAGED_META:
        return _damaged(text)
    if kind in _CONFLICTS:
        return Outrun("Another commit to the table came first. Nothing was changed: run it again.")
    if kind == "ICEBERG_CATALOG_ERROR" or "Connection refused" in text:
        return down(settings)
    return refused(sent, kind, text, names(settings, sent.sql, lambda sql: _first(settings, sql)))


def _first(settings: Settings, sql: str) -> list[str]:
    return [str(row[0]) for row in ask(settings, sql, within_s=LOOK_S, patience_s=0).rows]


def _damaged(text: str) -> LakeError:
    found = _FILE.search(text)
    named = f": {found[1]}" if found else ""
    return LakeError(
        f"A file of the table is missing or damaged{named}. Ask for an earlier snapshot, or empty "
        "the tables with `fl.lake.reset()`."
    )
