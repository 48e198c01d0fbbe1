"""What a magic shows beside its result: one line, or the statement it ran, folded."""

from __future__ import annotations

from IPython.display import display


def say(line: str) -> None:
    """Show one line of text under the cell."""
    display({"text/plain": line}, raw=True)


def show_statement(sql: str, summary: str = "SQL as sent") -> None:
    """Show the SQL as it was sent: in colour, folded, a click away."""
    fence = "`" * max(3, 1 + _longest_run_of_ticks(sql))
    folded = f"<details><summary>{summary}</summary>\n\n{fence}sql\n{sql}\n{fence}\n\n</details>"
    display({"text/markdown": folded, "text/plain": sql}, raw=True)


def _longest_run_of_ticks(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
