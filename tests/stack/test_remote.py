"""The same notebooks on engines that somebody else runs, behind certificates and logins."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from known import typed
from secured import Authority, Secured, secured

from flightlib import flink, kafka, lake
from flightlib.engines import doctor, status
from flightlib.errors import EngineDown, EngineRefused, SettingError, SqlError
from flightlib.kafka import Publisher, now_ms
from flightlib.settings import load
from flightlib.sky import Sky

pytestmark = pytest.mark.stack
ENGINES = ["kafka", "registry", "catalog", "jobmanager", "taskmanager", "gateway", "trino"]
HIGH = """INSERT INTO processed_flights
SELECT flight_id, callsign, ident_iata, registration, aircraft_type, operator, latitude, longitude,
    altitude, heading, ground_speed, vertical_speed, altitude_change, update_type, phase, origin,
    destination, diverted_to, status, progress_percent, departure_delay, arrival_delay,
    filed_altitude, route_distance, scheduled_off, actual_off, estimated_on, `timestamp`, region
FROM regional"""


@pytest.fixture(scope="module")
def there() -> Iterator[Secured]:
    """Engines with locks, and an environment that leads to them and to nothing else."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="flightlib-remote-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        ours = [n for n in os.environ if n.startswith("FLIGHTLIB_") and n != "FLIGHTLIB_CACHE"]
        # PyIceberg would take these over the authority of the settings.
        for name in (*ours, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        found = stack.enter_context(secured(folder, ENGINES))
        for name, value in found.variables.items():
            patch.setenv(name, value)
        yield found


@pytest.fixture(scope="module")
def flying(there: Secured) -> Iterator[Publisher]:
    """A small sky that is being published meanwhile."""
    sky = Sky.busy(now_ms(), flights=50)
    publisher = Publisher(sky.reports(start_ms=now_ms())).start()
    yield publisher
    publisher.stop()


def wait_for(condition: Callable[[], Any], within_s: float = 90.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.2)


def assert_no_secret(there: Secured, *texts: str) -> None:
    """Fail if one of the texts has a secret in it, as it is or as JSON or SQL write it."""
    for text in texts:
        for secret in there.secret:
            for spelt in {secret, json.dumps(secret)[1:-1], secret.replace("'", "''")}:
                assert spelt not in text


@pytest.mark.timeout(1200)
def test_they_are_told_as_remote_and_let_one_in(there: Secured) -> None:
    """`status` and `doctor` say of each that it is remote, and that it answers."""
    rows = [row for row in status() if row.engine != "keeper"]
    assert {row.engine for row in rows} == set(ENGINES)
    assert [(r.state, r.healthy, r.message) for r in rows] == [("remote", True, "")] * len(ENGINES)
    found = [check for check in doctor(load()) if check.name in ENGINES]
    assert [check.state for check in found] == ["ok"] * len(ENGINES)


def test_up_starts_none_of_them(there: Secured) -> None:
    """`flightlib up` names what is elsewhere, and has no process of this machine for it."""
    done = typed("up", *ENGINES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("remote") == len(ENGINES)
    assert not load().data.exists() or not list(load().data.glob("logs/*.log"))
    assert_no_secret(there, done.stdout, done.stderr)


def test_the_first_notebook_runs_unchanged(there: Secured, tmp_path: Path) -> None:
    """Use case 1 runs from start to end, and nothing it leaves has a secret in it."""
    done = typed("report", "01_kafka_to_map", "--out", str(tmp_path), "-p", "flights=100")
    assert done.returncode == 0, done.stdout + done.stderr
    pages = [file.read_text("utf-8") for file in tmp_path.iterdir() if file.is_file()]
    assert len(pages) >= 2
    assert_no_secret(there, done.stdout, done.stderr, *pages)


def test_sasl_plain_works_too(there: Secured) -> None:
    """Kafka's other mechanism lets its user in."""
    told = {"kafka_sasl_mechanism": "PLAIN", "kafka_user": there.keys.plain_user}
    file = Path(there.variables["FLIGHTLIB_KAFKA_PASSWORD_FILE"]).with_name("plain")
    file.write_text(there.keys.plain_password, encoding="utf-8")
    assert kafka.topics(load(**told, kafka_password_file=file)) == kafka.topics()


def test_flink_reads_and_writes_kafka(there: Secured, flying: Publisher) -> None:
    """A job elsewhere goes from topic to topic, tells how it is, and stops with a savepoint."""
    before = kafka.message_count("processed_flights")
    job = flink.Job("high")
    job.start(flink.Statement(HIGH, 1), (), None)
    wait_for(lambda: kafka.message_count("processed_flights") > before)
    facts = job.wait_for(lambda facts: bool(facts.checkpoints))
    assert job.stop() == "Job high stopped with a savepoint."
    went_on = job.start(flink.Statement(HIGH, 1), (), None).how
    assert "from its saved state; nothing is lost" in went_on
    job.stop()
    assert_no_secret(there, repr(facts), json.dumps(job.entry.__dict__, default=str), went_on)


@pytest.mark.timeout(1200)
def test_the_third_notebook_runs_unchanged(there: Secured, tmp_path: Path) -> None:
    """Use case 3 runs from start to end over a store that speaks S3, and leaves no secret."""
    done = typed(
        "report", "03_iceberg_and_trino", "--out", str(tmp_path), "-p", "flights=100", within_s=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pages = [file.read_text("utf-8") for file in tmp_path.iterdir() if file.is_file()]
    assert_no_secret(there, done.stdout, done.stderr, *pages)
    flink.Job("to-lake").stop()
    assert list(there.engines.store.folder.rglob("*.parquet"))
    assert list(lake.ask(load(), "SELECT current_user").rows) == [(there.keys.trino_user,)]
    assert lake.ask(load(), "SELECT count(*) FROM flight_data").rows[0][0] > 0


def test_no_table_of_flink_shows_a_secret(there: Secured) -> None:
    """Tables, their DDL and Flink's refusals have the options' names, and not what they open."""
    shown = flink.tables()
    session = flink.session()
    answer = session.run(flink.Statement("SHOW CREATE TABLE flights", 1))
    with pytest.raises(SqlError) as caught:
        session.run(flink.Statement("SELECT * FROM flights /*+ OPTIONS('x' = 'y') */", 1))
    texts = [shown._repr_html_(), repr(shown), repr(answer), str(caught.value)]
    assert "jaas.config" in texts[0]
    assert_no_secret(there, *texts)


def test_flink_writes_no_secret_into_its_logs(there: Secured) -> None:
    """What the jobs' options open is not in the logs of the engines either."""
    logs = (there.engines.settings.data / "logs").glob("*.log")
    texts = [path.read_text("utf-8", errors="replace") for path in logs]
    assert texts
    assert_no_secret(there, *texts)


WRONG = [
    ("kafka", {"kafka_password": "wrong"}, "does not know user 'pilot'"),
    ("kafka", {"ca_file": "other"}, "FLIGHTLIB_CA_FILE is"),
    ("kafka", {"kafka_security": "PLAINTEXT"}, "Set FLIGHTLIB_KAFKA_SECURITY"),
    ("kafka", {"kafka_security": "SSL"}, "Set FLIGHTLIB_KAFKA_SECURITY"),
    ("registry", {"registry_password": "wrong"}, "Check FLIGHTLIB_REGISTRY_USER"),
    ("registry", {"ca_file": "other"}, "FLIGHTLIB_CA_FILE is"),
    ("catalog", {"catalog_token": "wrong"}, "Check FLIGHTLIB_CATALOG_TOKEN"),
    ("flink", {"flink_token": "wrong"}, "Check FLIGHTLIB_FLINK_TOKEN"),
    ("trino", {"trino_password": "wrong"}, "Check FLIGHTLIB_TRINO_USER"),
    ("trino", {"ca_file": "other"}, "FLIGHTLIB_CA_FILE is"),
]
ASK: dict[str, Callable[[Any], Any]] = {
    "kafka": kafka.ensure_topics,
    "registry": kafka.register,
    "catalog": lake.catalog,
    "flink": lambda settings: flink.Cluster(settings).jobs(),
    "trino": lambda settings: lake.ask(settings, "SELECT 1"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("place", "changed", "told"), WRONG)
def test_a_wrong_key_is_one_line_that_says_what_to_set(
    there: Secured, place: str, changed: dict[str, Any], told: str, tmp_path: Path
) -> None:
    """A wrong password, a wrong authority, plain where TLS is spoken: each names its setting."""
    given = {name.removeprefix("FLIGHTLIB_").lower(): v for name, v in there.variables.items()}
    if changed.get("kafka_security") in ("PLAINTEXT", "SSL"):
        lacking = ("kafka_user", "kafka_password_file")
    else:
        lacking = ("kafka_password_file",) if "kafka_password" in changed else ()
    if changed.get("ca_file"):
        changed = {"ca_file": Authority(tmp_path, "other").file}
    with pytest.MonkeyPatch.context() as patch:
        for name in lacking:
            patch.delenv(f"FLIGHTLIB_{name.upper()}")
        here = load(**{k: v for k, v in {**given, **changed}.items() if k not in lacking})
        with pytest.raises(EngineRefused, match=told) as caught:
            ASK[place](here)
    line = str(caught.value)
    assert "\n" not in line
    assert "flightlib up" not in line
    assert_no_secret(there, line)


def test_a_password_over_plain_http_is_refused_at_once(there: Secured) -> None:
    """Trino's password goes nowhere without TLS."""
    with pytest.raises(SettingError, match="unencrypted"):
        load(trino=there.variables["FLIGHTLIB_TRINO"].replace("https", "http"))


def test_a_notebook_fails_in_one_line(there: Secured, tmp_path: Path) -> None:
    """With a wrong password the report stops at a cell and says which setting to look at."""
    wrong = tmp_path / "wrong"
    wrong.write_text("not-it", encoding="utf-8")
    done = typed(
        *("report", "01_kafka_to_map", "--out", str(tmp_path)),
        FLIGHTLIB_KAFKA_PASSWORD_FILE=str(wrong),
    )
    assert done.returncode == 1
    assert "EngineRefused" in done.stderr
    assert "FLIGHTLIB_KAFKA_PASSWORD" in done.stderr
    assert "Traceback" not in done.stderr
    assert "not-it" not in done.stdout + done.stderr


def test_when_they_go_they_are_said_to_be_elsewhere(there: Secured) -> None:
    """An engine elsewhere that stops answering is not one to start here. The last test: it ends."""
    there.engines.down(["trino"])
    with pytest.raises(EngineDown, match="FLIGHTLIB_TRINO says") as caught:
        lake.ask(load(), "SELECT 1")
    assert "flightlib up" not in str(caught.value)
