"""`%%trino` and `%trino`: the cell's SQL runs on Trino, values bound beside it."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.magic import line_cell_magic, magics_class, no_var_expand

from flightlib import lake, settings
from flightlib.errors import SqlError, not_allowed
from flightlib.flink import Statement, first_word, statements
from flightlib.flink.scan import TRINO
from flightlib.magics.cells import LONGEST_S, SqlMagics, refuse_endless_into
from flightlib.magics.options import TrinoOptions, parse_trino
from flightlib.magics.show import say, show_statement

MOST = lake.MOST
"""So many rows a cell fetches unless `--limit` says otherwise."""

QUERIES = ("SELECT", "WITH", "VALUES", "TABLE")
LOOKS = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")
CHANGES = ("INSERT", "DELETE", "UPDATE", "MERGE", "TRUNCATE")
SHAPES = ("CREATE", "DROP", "ALTER", "COMMENT", "ANALYZE", "CALL", "REFRESH", "SET", "RESET")
DID = {"DELETE": "deleted", "UPDATE": "changed", "MERGE": "changed"}
SUMMARY = "SQL as sent, its values written in"


@magics_class
class Trino(SqlMagics):
    """The magic that runs SQL on Trino."""

    def __init__(self, shell: Any = None) -> None:
        super().__init__(shell)
        self._session: dict[str, str] = {}

    @no_var_expand  # IPython would write variables into the line as they are: as SQL
    @line_cell_magic
    def trino(self, line: str, cell: str | None = None) -> Any:
        """Run SQL on Trino and give a DataFrame; `{name}` is filled from the notebook's variables.

        A value goes beside the SQL as a bound parameter and never becomes part of it. Of several
        statements the last one's result is the cell's. `--limit 100` ends after so many rows (else
        10,000), `--into df` keeps the frame under a name. `--live 5s` asks again when the tables
        have a new snapshot, at most so often, and shows a live table; `--for 20s` ends that,
        `--as name` keeps it.

        Raises SqlError or LakeError in one line, EngineDown when Trino is not answering.
        """
        values = self._variables()
        options = parse_trino(line, values)
        # The magic's own line is the first: positions count as the editor does.
        found = statements("\n".join([options.sql, cell or ""]), TRINO)
        _check(found, options)
        bound = [lake.bind(statement.text, values) for statement in found]
        last = None
        for statement, one in zip(found, bound, strict=True):
            live = options.live_s is not None and statement is found[-1]
            run = self._live if live else self._run
            try:
                last = run(statement, one, options)
            except KeyboardInterrupt:
                raise SqlError("The query was interrupted, and cancelled on Trino.") from None
        return last if last is None else self._keep(options.name, last)

    def _run(self, statement: Statement, bound: lake.Bound, options: TrinoOptions) -> Any:
        show_statement(bound.shown, SUMMARY)
        most = options.limit or MOST
        answer = lake.ask(
            settings.load(),
            bound.sql,
            bound.values,
            session=self._session,
            most=most + 1,
            first_line=statement.line,
            say=say,
        )
        _remember(self._session, bound.shown)
        if answer.did:
            say(_done(answer))
            return None
        if len(answer.rows) > most:
            more = "" if options.limit else f" `--limit {10 * MOST}` fetches more."
            say(f"These are the first {most:,} rows; there are more.{more}")
        frame = self._keep(options.into, answer.first(most).frame())
        if first_word(statement.text, TRINO) in LOOKS and (text := _text(answer)):
            say(text)
            return None
        return frame

    def _live(self, statement: Statement, bound: lake.Bound, options: TrinoOptions) -> Any:
        show_statement(bound.shown, SUMMARY)
        self._make_room()
        query = lake.LiveQuery(
            settings.load(),
            bound,
            every_s=options.live_s or lake.EVERY_S,
            for_s=options.for_s or LONGEST_S,
            most=options.limit or MOST,
            first_line=statement.line,
            session=dict(self._session),
            say=say,
        )
        return self._show_live(query, options.into, options.name, options.for_s)


def _check(found: list[Statement], options: TrinoOptions) -> None:
    """Refuse what is wrong with a cell as a whole, before any of it runs."""
    if not found:
        raise SqlError("There is no SQL in this cell. Write a statement.")
    for statement in found:
        word = first_word(statement.text, TRINO)
        if word == "USE":
            raise SqlError("USE does not last here. Name a table in full, such as lake.sky.NAME.")
        if word not in (known := [*QUERIES, *LOOKS, *CHANGES, *SHAPES]):
            given = word or statement.text.split()[0]
            raise SqlError(not_allowed("A statement's first word", given, known))
    if options.live_s is None:
        if options.for_s is not None:
            raise SqlError("--for ends a live query. Write `--live 5s --for 20s`.")
        return
    refuse_endless_into(options.into, options.for_s, "--for 20s")
    if first_word(found[-1].text, TRINO) not in QUERIES:
        raise SqlError("--live takes a query as the cell's last statement, such as SELECT.")


def _text(answer: lake.Answer) -> str:
    """Give an answer that is one text of several lines, such as a plan; else nothing."""
    only = answer.rows[0][0] if len(answer.rows) == len(answer.columns) == 1 else None
    return only if isinstance(only, str) and "\n" in only else ""


def _done(answer: lake.Answer) -> str:
    """Say in one line what a statement has done."""
    what = answer.did.capitalize()
    if answer.written is None:
        return f"{what}: done."
    rows = f"{answer.written:,} row{'' if answer.written == 1 else 's'}"
    return f"{what}: {rows} {DID.get(answer.did, 'written')}."


_SET = re.compile(r"SET\s+SESSION\s+([\w.]+)\s*=\s*(?:'((?:[^']|'')*)'|(\S+))\s*\Z", re.IGNORECASE)
_RESET = re.compile(r"RESET\s+SESSION\s+([\w.]+)\s*\Z", re.IGNORECASE)


def _remember(session: dict[str, str], sql: str) -> None:
    """Keep what SET SESSION has set for the statements after it: each runs on its own."""
    bare = re.sub(r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)+", "", sql, flags=re.DOTALL)
    if found := _SET.match(bare):
        session[found[1].lower()] = found[3] or found[2].replace("''", "'")
    elif found := _RESET.match(bare):
        session.pop(found[1].lower(), None)
