"""Engines that somebody else runs: their addresses and keys are settings, and no key is shown."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from secured import Authority

from flightlib import calls, kafka, lake
from flightlib.cli.rows import messages, status_table
from flightlib.engines import Local, doctor, status
from flightlib.engines.commands import command, elsewhere_variables
from flightlib.engines.folder import run_folder, socket_path
from flightlib.engines.manager import config_text
from flightlib.errors import FlightlibError, SettingError
from flightlib.flink import ddl
from flightlib.flink.veil import veiled
from flightlib.settings import FILE, PLACES, SECRETS, Access, Settings, load, variable

CLOSED = "127.0.0.1:1"  # nobody listens there
SET: dict[str, Any] = {
    "kafka": CLOSED,
    "registry": f"http://{CLOSED}",
    "catalog": f"http://{CLOSED}",
    "flink": f"http://{CLOSED}",
    "flink_gateway": f"http://{CLOSED}",
    "trino": f"https://{CLOSED}",
    "kafka_security": "SASL_SSL",
    **{f"{name}_user": f"{name}-user" for name in ("kafka", "registry", "flink", "trino")},
    **{f"{name}_password": f"{name}-pass-word" for name in ("kafka", "registry", "flink")},
    "trino_password": 'it\'s "trino" \\ 7%',
    "catalog_token": "catalog-token-01",
    "s3_endpoint": "http://127.0.0.1:2",
    "s3_access_key": "s3-access",
    "s3_secret_key": "s3-secret-key",
}
HIDDEN = [SET[name] for name in SECRETS if name in SET]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no setting of the person's shell reach these tests."""
    for name in [name for name in os.environ if name.startswith("FLIGHTLIB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLIGHTLIB_DATA", str(tmp_path / "data"))


@pytest.fixture
def away() -> Settings:
    """Settings with every engine elsewhere, every kind of key, and nobody at the addresses."""
    return load(**SET)


def test_an_address_that_is_not_set_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address each engine is the one of this machine, on its port."""
    held = load(kafka_port=19092)
    assert held.kafka == "127.0.0.1:19092"
    assert not any(held.elsewhere(place) for place in PLACES)
    monkeypatch.setenv("FLIGHTLIB_KAFKA", "")
    assert not load().elsewhere("kafka")


def test_an_address_wins_over_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is set is used as it is, less a slash at its end."""
    monkeypatch.setenv("FLIGHTLIB_KAFKA", "one.example:9093,two.example:9093")
    monkeypatch.setenv("FLIGHTLIB_REGISTRY", "https://registry.example/")
    held = load(kafka_port=19092)
    assert held.kafka == "one.example:9093,two.example:9093"
    assert held.registry == "https://registry.example"
    assert held.elsewhere("kafka")
    assert not held.elsewhere("trino")


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(name: str, tmp_path: Path) -> None:
    """A secret given as a file is that file's one line, with or without a line end."""
    file = tmp_path / "secret"
    file.write_text("in the file\n", encoding="utf-8")
    kept = {k: v for k, v in SET.items() if k != name}
    place = name.partition("_")[0]
    if name.endswith("_token"):
        kept = {k: v for k, v in kept.items() if k not in (f"{place}_user", f"{place}_password")}
    elif name == "catalog_password":
        kept = {k: v for k, v in kept.items() if k != "catalog_token"} | {"catalog_user": "me"}
    held = load(**kept, **{f"{name}{FILE}": file})
    assert getattr(held, name) == SecretStr("in the file")
    assert "in the file" not in repr(held)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"kafka": None}, ["FLIGHTLIB_KAFKA_SECURITY", "FLIGHTLIB_KAFKA "]),
        ({"kafka": "nowhere"}, ["FLIGHTLIB_KAFKA", "host:port"]),
        ({"kafka_user": None}, ["FLIGHTLIB_KAFKA_USER"]),
        ({"kafka_password": None}, ["FLIGHTLIB_KAFKA_PASSWORD"]),
        ({"kafka_security": "SSL"}, ["FLIGHTLIB_KAFKA_SECURITY", "SASL_SSL"]),
        ({"kafka_security": "TLS"}, ["FLIGHTLIB_KAFKA_SECURITY", "'TLS'", "SASL_SSL"]),
        ({"kafka_sasl_mechanism": "MD5"}, ["FLIGHTLIB_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"]),
        ({"registry": "registry.example"}, ["FLIGHTLIB_REGISTRY", "https://host"]),
        ({"registry": "http://registry.example"}, ["FLIGHTLIB_REGISTRY", "unencrypted"]),
        ({"registry_token": "tok-2"}, ["FLIGHTLIB_REGISTRY_TOKEN", "FLIGHTLIB_REGISTRY_USER"]),
        ({"registry_password": None}, ["FLIGHTLIB_REGISTRY_USER is set"]),
        ({"flink": None}, ["FLIGHTLIB_FLINK_GATEWAY", "FLIGHTLIB_FLINK"]),
        ({"trino": None}, ["FLIGHTLIB_CATALOG", "FLIGHTLIB_TRINO"]),
        ({"trino": f"http://{CLOSED}"}, ["FLIGHTLIB_TRINO", "https://"]),
        ({"flink": "https://f", "flink_gateway": "https://f"}, ["FLIGHTLIB_KAFKA", "Flink"]),
        ({"s3_secret_key": None}, ["FLIGHTLIB_S3_SECRET_KEY"]),
        ({"ca_file": "/nowhere"}, ["FLIGHTLIB_CA_FILE", "/nowhere"]),
        ({"ca_file": __file__}, ["FLIGHTLIB_CA_FILE", "PEM"]),
        ({"trino_password_file": "/nowhere"}, ["FLIGHTLIB_TRINO_PASSWORD_FILE"]),
        ({"kafka": "user:pass-word@host:1"}, ["FLIGHTLIB_KAFKA", "FLIGHTLIB_KAFKA_USER"]),
        ({"trino": "https://me:pass-word@host"}, ["FLIGHTLIB_TRINO", "FLIGHTLIB_TRINO_USER"]),
    ],
)
def test_a_wrong_combination_is_one_clear_line(changed: dict[str, Any], named: list[str]) -> None:
    """What does not go together is named with the variable to set, and with no secret."""
    given = {k: v for k, v in {**SET, **changed}.items() if v is not None}
    with pytest.raises(SettingError) as caught:
        load(**given)
    line = str(caught.value)
    assert "\n" not in line
    for word in named:
        assert word in line
    for word in (*HIDDEN, "tok-2", "pass-word"):
        assert word not in line


@pytest.mark.parametrize("text", ["", "two\nlines\n", b"\xff\xfe"])
def test_a_file_without_one_secret_is_named(text: str | bytes, tmp_path: Path) -> None:
    """A file that is empty, longer or no text is named, and what it holds is not repeated."""
    file = tmp_path / "secret"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    given = {k: v for k, v in SET.items() if k != "kafka_password"}
    with pytest.raises(SettingError, match="FLIGHTLIB_KAFKA_PASSWORD_FILE names") as caught:
        load(**given, kafka_password_file=file)
    assert "two" not in str(caught.value)


def shown(held: Settings) -> list[str]:
    """Everything in which a person, a log or a report may meet the settings."""
    texts = [repr(held), str(held), repr(held.model_dump()), held.model_dump_json()]
    texts += [repr(held.login(place)) for place in PLACES]
    texts += [repr(lake.address(held)), str(lake.address(held))]
    texts += [veiled(held, sql) for sql in ddl.declarations(held, "group", "latest-offset")]
    texts.append(veiled(held, ddl.catalog(held)))
    keeper = command(held, "keeper")
    texts += [repr(keeper), repr(ddl.Tables())]
    texts.append(config_text(held, [keeper], run_folder(held.data), socket_path(held.data)))
    rows = status(held)
    texts += [str(rows), rows._repr_html_(), *messages(rows), str(status_table(rows).caption)]
    texts += map(repr, doctor(held, ["kafka", "registry", "catalog", "trino"]))
    for act in (kafka.topics, kafka.register, lake.catalog, lambda s: lake.ask(s, "SELECT 1")):
        with pytest.raises(FlightlibError) as caught:
            act(held)
        texts += [str(caught.value), repr(caught.value), *caught.value._render_traceback_()]
    return texts


def test_no_secret_is_ever_shown(away: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """No repr, status, check, error, log line or file that is written has a secret in it."""
    with caplog.at_level(logging.DEBUG):
        texts = [*shown(away), caplog.text]
    quoted = [secret.replace("'", "''") for secret in HIDDEN]
    for text in texts:
        for secret in (*HIDDEN, *quoted):
            assert secret not in text


def test_flink_is_given_what_is_hidden(away: Settings) -> None:
    """The statements for Flink do carry the keys, or hiding them would prove nothing."""
    made = "\n".join([*ddl.declarations(away, "group", "latest-offset"), ddl.catalog(away)])
    for name in ("kafka_password", "registry_password", "catalog_token", "s3_secret_key"):
        assert SET[name] in made


def test_the_keeper_is_given_the_same_settings(
    away: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the process manager passes on leads the keeper to the same engines, secrets included."""
    told = command(away, "keeper").env | elsewhere_variables(away)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert load() == away


def test_a_secret_in_a_file_is_passed_on_as_that_file(tmp_path: Path) -> None:
    """The keeper is told where the secret lies, not what it is."""
    file = tmp_path / "secret"
    file.write_text("in the file", encoding="utf-8")
    given = {k: v for k, v in SET.items() if k != "kafka_password"}
    told = elsewhere_variables(load(**given, kafka_password_file=file))
    assert told["FLIGHTLIB_KAFKA_PASSWORD_FILE"] == str(file)
    assert "in the file" not in told.values()


def test_nothing_is_passed_on_without_engines_elsewhere() -> None:
    """On one machine the engines' environment is what it was."""
    assert elsewhere_variables(load()) == {}
    assert not PLACES.keys() & {name.removeprefix("FLIGHTLIB_").lower() for name in os.environ}


def test_up_leaves_engines_elsewhere_alone(away: Settings) -> None:
    """`up` names what runs elsewhere as remote, and starts and fetches nothing for it."""
    seen: list[tuple[str, str]] = []
    Local(away).up(["kafka", "trino"], lambda engine, state: seen.append((engine, state)))
    assert seen == [("kafka", "remote"), ("trino", "remote")]
    assert not away.data.exists()


def test_status_and_doctor_say_remote(away: Settings) -> None:
    """An engine elsewhere that is silent is told as remote, with what to look at."""
    row = Local(away).status(["catalog"])[0]
    assert (row.state, row.healthy, row.pid) == ("remote", False, None)
    assert "FLIGHTLIB_CATALOG" in row.message
    assert "flightlib up" not in row.message
    check = doctor(away, ["registry"])[0]
    assert (check.name, check.state, check.found) == ("registry", "fail", "remote")
    assert "FLIGHTLIB_REGISTRY" in check.fix


@pytest.mark.parametrize("place", PLACES)
def test_an_engine_elsewhere_is_not_ours_to_start(away: Settings, place: str) -> None:
    """The hint names the setting; for an engine of this machine it is the command."""
    assert variable(place) in str(calls.down(away, place))
    assert "flightlib up" not in str(calls.down(away, place))
    assert "Start the engines with `flightlib up" in str(calls.down(load(), place))


def test_one_certificate_file_serves_all(tmp_path: Path) -> None:
    """The authority's file goes to Kafka's client, to Flink as text, and to the lake's clients."""
    authority = Authority(tmp_path)
    held = load(**SET, ca_file=authority.file)
    assert kafka.client.client_config(held)["ssl.ca.location"] == str(authority.file)
    assert "BEGIN CERTIFICATE" in ddl.declarations(held, "group", "latest-offset")[0]
    assert lake.address(held)["ssl"] == {"cabundle": str(authority.file)}


PAGE = (Path(__file__).parents[1] / "docker" / "REMOTE.md").read_text(encoding="utf-8")


def test_the_page_lists_every_setting() -> None:
    """The table of docker/REMOTE.md has each setting for engines elsewhere, and no other."""
    listed = re.findall(r"^\| `(FLIGHTLIB_\w+)`", PAGE, re.MULTILINE)
    plain = {variable(name) for name in (*PLACES, *Access.model_fields) if not name.endswith(FILE)}
    assert sorted(listed) == sorted(plain | {"FLIGHTLIB_CA_FILE"})


def test_the_page_names_no_other_setting() -> None:
    """Every FLIGHTLIB_ word of docker/REMOTE.md is a setting."""
    known = {variable(name) for name in Settings.model_fields}
    assert set(re.findall(r"FLIGHTLIB_[A-Z0-9_]+[A-Z0-9]", PAGE)) <= known
