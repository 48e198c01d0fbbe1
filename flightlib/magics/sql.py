"""`%%flink` and `%flink`: the cell's SQL runs on the Flink cluster."""

from __future__ import annotations

import atexit
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from flightlib import kafka
from flightlib.errors import SqlError, not_allowed
from flightlib.flink import (
    MOST,
    MOST_ROWS,
    NO_PYFLINK,
    PATIENCE,
    Answer,
    Job,
    Query,
    Session,
    Statement,
    fill,
    first_word,
    flink_function,
    has_pyflink,
    session,
    statements,
)
from flightlib.magics.options import Options, parse
from flightlib.magics.show import say, show_statement
from flightlib.widgets import JobPanel, LiveTable

LONGEST_S = 900.0
"""How long a live query runs unless `--for` says otherwise, so that a forgotten one ends."""

QUERIES = ("SELECT", "WITH", "VALUES")
JOBS = ("INSERT", "EXECUTE", "BEGIN")
SHAPES = ("CREATE", "DROP", "ALTER", "SET", "RESET", "USE", "LOAD", "UNLOAD", "ADD", "REMOVE")
LOOKS = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")
_queries: dict[str, Query] = {}


@magics_class
class Flink(Magics):
    """The magics that run Flink SQL."""

    @no_var_expand  # IPython would write variables into the line as they are: as SQL
    @line_cell_magic
    def flink(self, line: str, cell: str | None = None) -> Any:
        """Run SQL on the Flink cluster; `{name}` is filled from the notebook's variables.

        A SELECT over a stream shows a live table: `--limit 100` or `--for 20s` end it, `--into df`
        waits for that end and keeps the rows, `--as name` keeps what is shown, `--since 3m` begins
        in the past. `--bounded` asks about what the topics hold now and gives a DataFrame. An
        INSERT takes `--job NAME`; run again with the same SQL it keeps the job, with other SQL it
        replaces it.
        `%flink --job NAME` shows a job, with `--stop` it stops it, with `--skip` it goes on after a
        message that is not Avro. `%flink --needs pyflink` leaves the cell out without PyFlink.

        Raises SqlError or JobError in one line.
        """
        return self._answer(line, cell)

    @no_var_expand
    @line_cell_magic
    def flink_sql(self, line: str, cell: str | None = None) -> Any:
        """Run SQL on the Flink cluster: another name for `%%flink`."""
        return self._answer(line, cell)

    def _answer(self, line: str, cell: str | None) -> Any:
        options = parse(line, self._variables())
        if options.needs and not has_pyflink():
            say(NO_PYFLINK)
            return None
        if options.function:
            return flink_function(self._function(options.function))
        # The magic's own line is the first: positions count as the editor does.
        text = fill("\n".join([options.sql, cell or ""]), self._variables())
        found = statements(text)
        if not found:
            return _job_without_sql(options)
        if options.stop or options.skip:
            raise SqlError("--stop and --skip take no SQL. Write `%flink --job NAME --stop`.")
        return self._run_all(found, options)

    def _function(self, name: str) -> Any:
        found = self._variables().get(name)
        if not callable(found):
            raise SqlError(f"{name} is no function of this notebook. Define it by `def` first.")
        return found

    def _variables(self) -> dict[str, Any]:
        shell: Any = self.shell
        return dict(shell.user_ns)

    def _run_all(self, found: list[Statement], options: Options) -> Any:
        """Run one statement after the other; the last one's result is the cell's."""
        if options.job and sum(first_word(one.text) in JOBS for one in found) > 1:
            raise SqlError(
                "A job is one statement, and this cell has more. Write several INSERTs as "
                "EXECUTE STATEMENT SET BEGIN ...; ...; END."
            )
        last = None
        for statement in found:
            last = self._run(statement, options)
        return last if last is None else self._keep(options.name, last)

    def _run(self, statement: Statement, options: Options) -> Any:
        word = first_word(statement.text)
        here = session(bounded=options.bounded)
        if options.job and options.bounded:
            raise SqlError("--bounded and --job exclude each other: a job has no end.")
        if word in JOBS and not options.bounded:
            return _start_job(statement, options, here)
        _refuse_job_options(options)
        if word in QUERIES:
            return self._select(statement, options, here)
        if word in SHAPES:
            here.shape(statement)
            say(f"{word.capitalize()}: done.")
            return None
        if word not in (*LOOKS, *JOBS):
            known = [*QUERIES, *JOBS, *SHAPES, *LOOKS]
            raise SqlError(not_allowed("A statement's first word", word or statement.text, known))
        return _as_frame(here.run(statement))

    def _select(self, statement: Statement, options: Options, here: Session) -> Any:
        since = None if options.since_s is None else kafka.now_ms() - int(options.since_s * 1000)
        if options.bounded or here.runtime_mode() == "batch":
            _start_reading(here, since if since is not None else 0)
            frame = _as_frame(here.run(statement, PATIENCE))
            frame = frame if options.limit is None else frame.head(options.limit)
            return self._keep(options.into, frame)
        if options.into and not (options.limit or options.for_s):
            raise SqlError(
                "--into waits for the query's end: give it one by --for 20s or --limit 100."
            )
        show_statement(statement.text)
        _end_query_of(self._place())
        _start_reading(here, since)
        most = MOST_ROWS if options.into else MOST
        query = Query(here, statement, options.limit, options.for_s or LONGEST_S, most)
        _queries[self._place()] = query
        table = LiveTable(query)
        if options.into:
            return self._wait(table, query, options)
        return table

    def _wait(self, table: LiveTable, query: Query, options: Options) -> Any:
        """Show the table while it fills, and keep its rows at the end; interrupting ends it."""
        from IPython.display import display

        display(table)
        try:
            query.wait_for(lambda q: not q.running, (options.for_s or LONGEST_S) + 60)
        except KeyboardInterrupt:
            query.stop()
        query.stop()
        if query.state == "failed":
            raise SqlError(query.message)
        if len(query.rows) < query.total and query.total > MOST_ROWS:
            say(f"{options.into} has the newest {len(query.rows):,} of {query.total:,} rows.")
        self._keep(options.into, query.frame())
        self._keep(options.name, table)
        return None

    def _keep(self, name: str | None, value: Any) -> Any:
        """Give a value back, and keep it under a name if one was asked for."""
        if name:
            shell: Any = self.shell
            shell.user_ns[name] = value
        return value

    def _place(self) -> str:
        """Name the cell: a query of the same cell is replaced when it is run again."""
        kernel = getattr(self.shell, "kernel", None)
        parent = kernel.get_parent("shell") if kernel is not None else {}
        return str(parent.get("metadata", {}).get("cellId") or "here")


def _start_reading(here: Session, since_ms: int | None) -> None:
    for poison in here.start_reading(since_ms):
        say(
            f"Partition {poison.partition} of {poison.topic} is read from message "
            f"{poison.offset + 1} on: the one before is not Avro."
        )


def _refuse_job_options(options: Options) -> None:
    if options.job:
        raise SqlError("--job takes an INSERT: only that goes on by itself. Leave --job away.")


def _start_job(statement: Statement, options: Options, here: Session) -> JobPanel:
    if not options.job:
        raise SqlError(
            "An INSERT goes on until it is stopped, so it needs a name to be found by. "
            "Write `%%flink --job NAME`."
        )
    job = Job(options.job)
    show_statement(statement.text)
    since = None if options.since_s is None else kafka.now_ms() - int(options.since_s * 1000)
    started = job.start(statement, here.shaping.statements, since)
    say(started.how)
    return JobPanel(started.job)


def _job_without_sql(options: Options) -> Any:
    if not options.job:
        raise SqlError("There is no SQL in this cell. Write a statement, or `%flink --job NAME`.")
    job = Job(options.job)
    if options.stop:
        say(job.stop())
    elif options.skip:
        say(job.skip_poison())
    return JobPanel(job) if job.entry.job_id else None


def _as_frame(answer: Answer) -> Any:
    import pandas as pd

    return pd.DataFrame(list(answer.rows), columns=[column.name for column in answer.columns])


def _end_query_of(place: str) -> None:
    before = _queries.pop(place, None)
    if before is not None:
        before.stop()


def end_queries() -> None:
    """Stop the live queries of this kernel: their slots are free for others."""
    for place in list(_queries):
        _end_query_of(place)


atexit.register(end_queries)
