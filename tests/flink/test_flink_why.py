"""Why a job shows nothing, in plain words: each sentence, and when it is not said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flightlib.flink.details import Details, Running, Vertex
from flightlib.flink.why import Scene, explain, root, window_ms

NOON_MS = 1_767_182_400_000  # 2025-12-31 12:00:00 UTC
WINDOW = (
    "SELECT * FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(`timestamp`), INTERVAL '1' MINUTE)) "
    "GROUP BY window_start"
)
POISON = "message 7 of partition 3 of flights is not Avro"
TRACE = (
    "java.io.IOException: Failed to deserialize consumer record due to\n"
    "\tat org.apache.flink.A.b(A.java:1)\n"
    "Caused by: java.io.IOException: Could not forward element to next operator\n"
    "Caused by: java.lang.ArithmeticException: / by zero.\n"
)


def source(watermark_ms: int | None = NOON_MS, came: float = 10.0) -> Vertex:
    """A source that has read something."""
    metrics = {"Source__flights.numRecordsIn": came}
    return Vertex("1", "Source: flights", 2, 0, 0, metrics, watermark_ms)


def details(**given: Any) -> Details:
    """A job that is well; keyword arguments replace what is."""
    job = {"state": "RUNNING", "tasks": 2, "running_tasks": 2}
    job |= {name: given.pop(name) for name in tuple(given) if name in job}
    well = Details(
        job=Running("a1", "high-altitude", start_ms=0, **job),  # type: ignore[arg-type]
        uptime_s=60.0,
        restarts=0,
        vertices=(source(),),
        checkpoints=5,
        checkpoint_s=0.2,
        checkpoint_age_s=1.0,
        fault="",
        fault_ms=0,
    )
    return replace(well, **given)


def scene(**given: Any) -> Scene:
    """What is around a job that is well."""
    return replace(Scene(sql="SELECT * FROM flights", now_ms=NOON_MS + 1000), **given)


def test_a_job_that_is_well_has_nothing_to_explain() -> None:
    """Rows come, checkpoints are done, windows close: nothing is said."""
    assert explain(details(), scene()) == ""
    assert explain(details(), scene(sql=WINDOW)) == ""


@pytest.mark.parametrize(
    ("state", "verb"), [("RESTARTING", "restarts"), ("FAILING", "restarts"), ("FAILED", "failed")]
)
def test_a_restart_tells_the_innermost_cause(state: str, verb: str) -> None:
    """What a job fails with is told without Flink's wrappings."""
    told = explain(details(state=state, fault=TRACE), scene())
    assert told == f"The job {verb}: / by zero."


def test_poison_is_named_with_what_goes_on_after_it() -> None:
    """The message that is no Avro is named, and what to type."""
    told = explain(
        details(state="RESTARTING", fault=TRACE), scene(poison=POISON, skip="Skip it by `--skip`.")
    )
    assert told == f"The job restarts: {POISON}. Skip it by `--skip`."
    assert explain(details(state="FAILED"), scene(poison=POISON)) == f"The job failed: {POISON}."


def test_a_job_without_slots_says_how_many_are_taken() -> None:
    """Tasks that wait while no slot is free are waiting for a slot; else they are starting."""
    waiting = details(running_tasks=1)
    told = explain(waiting, scene(free_slots=0, slots=16))
    assert told == "The job waits for a task slot: all 16 are taken. Stop another job or query."
    assert explain(waiting, scene(free_slots=1)) == ""


def test_a_source_that_reads_nothing_asks_for_a_publisher() -> None:
    """After a few seconds without a report, the publisher is asked for."""
    silent = (source(None, came=0.0),)
    told = explain(details(vertices=silent), scene())
    assert told == "No report has come in yet. Is a publisher running? (`flightlib generate`)"
    assert explain(details(vertices=silent, uptime_s=1.0), scene()) == ""
    assert explain(details(vertices=()), scene()) == ""


def test_a_window_says_when_it_closes_and_where_the_watermark_stands() -> None:
    """A watermark that has fallen behind is told with the end of the window it is in."""
    late = scene(sql=WINDOW, now_ms=NOON_MS + 80_000)
    told = explain(details(vertices=(source(NOON_MS + 4000),)), late)
    assert told == (
        "No output yet: the window closes when the watermark passes 12:01:00; "
        "it stands at 12:00:04."
    )


def test_a_window_names_the_partition_that_holds_it_up() -> None:
    """One silent partition is named, several are listed, all of them mean no publisher."""
    late = scene(sql=WINDOW, now_ms=NOON_MS + 80_000)
    for silent, because in (
        ({0: 0.1, 3: 42.0, 5: 0.0}, " because partition 3 is idle."),
        ({0: 9.0, 3: 42.0, 5: 0.0}, " because partitions 0, 3 are idle."),
        ({0: 9.0, 3: 42.0}, " because no report comes in (is a publisher running?)."),
        ({0: 0.5}, "."),
    ):
        told = explain(details(), replace(late, silent_s=silent))
        assert told.endswith(f"it stands at 12:00:00{because}"), told


def test_a_window_without_a_watermark_says_so() -> None:
    """No watermark at all is told after some seconds, with the idle partition."""
    none = details(vertices=(source(None),), uptime_s=6.0)
    told = explain(none, scene(sql=WINDOW, silent_s={0: 0.0, 1: 9.0}))
    assert told == "No output yet: there is no watermark because partition 1 is idle."
    assert explain(replace(none, uptime_s=4.0), scene(sql=WINDOW)) == ""


def test_a_window_that_is_not_yet_due_is_well() -> None:
    """While the window may still close in time nothing is said."""
    fresh = scene(sql=WINDOW, now_ms=NOON_MS + 74_000)
    assert explain(details(), fresh) == ""


def test_a_job_without_a_checkpoint_says_what_waits_for_it() -> None:
    """No checkpoint after some seconds means that the lake is empty."""
    told = explain(details(checkpoints=0), scene())
    assert told == "No checkpoint is done yet: a table in the lake stays empty until the first one."
    assert explain(details(checkpoints=0, uptime_s=2.0), scene()) == ""
    assert explain(details(checkpoints=0, state="FINISHED"), scene()) == ""


def test_the_first_reason_in_the_chain_is_told() -> None:
    """A job without slots reads nothing either: only what comes first is said."""
    off = details(running_tasks=0, vertices=(source(None, 0.0),), checkpoints=0)
    assert explain(off, scene(free_slots=0)).startswith("The job waits for a task slot")


@pytest.mark.parametrize(
    ("sql", "ms"),
    [
        (WINDOW, 60_000),
        ("TABLE(HOP(TABLE f, DESCRIPTOR(t), INTERVAL '30' SECOND, INTERVAL '5' MINUTE))", 30_000),
        (
            "TABLE(CUMULATE(TABLE f, DESCRIPTOR(t), INTERVAL '10' MINUTES, INTERVAL '1' DAY))",
            600_000,
        ),
        (
            "select tumble_end(t, interval '1' hour) from f group by tumble(t, interval '1' hour)",
            3_600_000,
        ),
        (
            "TABLE(TUMBLE(\n TABLE f, DESCRIPTOR(t),\n -- INTERVAL '9' DAY\n INTERVAL '2' HOUR))",
            7_200_000,
        ),
        ("SELECT * FROM f WHERE t > CURRENT_TIMESTAMP - INTERVAL '1' MINUTE", None),
        ("SELECT COUNT(*) FROM f", None),
    ],
)
def test_window_ms(sql: str, ms: int | None) -> None:
    """How often windows close stands in the first interval of TUMBLE, HOP and CUMULATE."""
    assert window_ms(sql) == ms


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        (TRACE, "/ by zero"),
        ("", "no reason was given"),
        (
            "java.io.IOException: Failed to deserialize consumer record due to",
            "no reason was given",
        ),
        (
            "java.lang.RuntimeException: Error received from SDK harness: Traceback (most recent "
            'call last):\n  File "x.py", line 3, in climb\nZeroDivisionError: division by zero\n'
            "\tat org.apache.beam.A.b(A.java:1)\nCaused by: java.lang.RuntimeException: Failed\n",
            "Python says ZeroDivisionError: division by zero",
        ),
    ],
)
def test_root(trace: str, said: str) -> None:
    """The innermost cause that says something; of a Python function's trace, Python's own line."""
    assert root(trace) == said
