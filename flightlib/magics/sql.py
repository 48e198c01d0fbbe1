"""`%%flink` and `%flink`: the cell's SQL runs on the Flink cluster."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import line_cell_magic, magics_class, no_var_expand

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
from flightlib.magics.cells import LONGEST_S, SqlMagics, refuse_endless_into
from flightlib.magics.options import Options, parse
from flightlib.magics.show import say, show_statement
from flightlib.widgets import JobPanel

QUERIES = ("SELECT", "WITH", "VALUES")
JOBS = ("INSERT", "EXECUTE", "BEGIN")
SHAPES = ("CREATE", "DROP", "ALTER", "SET", "RESET", "USE", "LOAD", "UNLOAD", "ADD", "REMOVE")
LOOKS = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")


@magics_class
class Flink(SqlMagics):
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
        if not options.limit:
            refuse_endless_into(options.into, options.for_s, "--for 20s or --limit 100")
        show_statement(statement.text)
        self._make_room()
        _start_reading(here, since)
        most = MOST_ROWS if options.into else MOST
        query = Query(here, statement, options.limit, options.for_s or LONGEST_S, most)
        return self._show_live(query, options.into, options.name, options.for_s)


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
