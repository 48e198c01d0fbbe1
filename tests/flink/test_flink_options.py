"""What Flink is told about engines elsewhere, and what is taken out of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flightlib.flink import ddl, options
from flightlib.flink.veil import veiled
from flightlib.settings import load

AWAY: dict[str, Any] = {
    "kafka": "broker.example:9093",
    "kafka_security": "SASL_SSL",
    "kafka_user": "pilot",
    "kafka_password": 'it\'s "7" \\',
}


def test_local_tables_are_as_they_were() -> None:
    """With engines of this machine no option is added to any table."""
    here = load()
    assert options.of_topics(here) == {}
    assert options.of_catalog(here) == {}
    assert options.of_session(here) == {}
    for table, made in zip(ddl.TABLES, ddl.declarations(here, "g", "s"), strict=True):
        assert made.count("' = '") == ddl.source(table).count("' = '")


def test_options_stand_in_the_tables_of_topics_alone() -> None:
    """The two tables of topics open Kafka; the view has no options at all."""
    made = dict(zip(ddl.TABLES, ddl.declarations(load(**AWAY), "g", "s"), strict=True))
    for table in ddl.TOPIC_TABLES:
        assert "'properties.security.protocol' = 'SASL_SSL'" in made[table]
    assert "properties" not in made["regional"]


@pytest.mark.parametrize(
    ("mechanism", "module"),
    [("PLAIN", "plain.PlainLoginModule"), ("SCRAM-SHA-512", "scram.ScramLoginModule")],
)
def test_a_password_is_written_as_java_and_sql_read_it(mechanism: str, module: str) -> None:
    """Java's quotes are escaped by a backslash, SQL's by doubling."""
    made = ddl.declarations(load(**AWAY, kafka_sasl_mechanism=mechanism), "g", "s")[0]
    assert f"org.apache.kafka.common.security.{module} required" in made
    assert r"""password="it''s \"7\" \\";'""" in made


def test_a_registry_is_opened_by_password_or_token() -> None:
    """Each kind of login becomes the options of Flink's own registry client."""
    at = {"registry": "https://registry.example"}
    basic = options.of_topics(load(**at, registry_user="me", registry_password="pass"))
    assert basic["value.avro-confluent.basic-auth.user-info"] == "me:pass"
    token = options.of_topics(load(**at, registry_token="tok"))
    assert token["value.avro-confluent.bearer-auth.token"] == "tok"


def test_a_store_of_its_own_is_named_to_the_catalogs_clients() -> None:
    """Endpoint, region and keys of an S3 store go to Flink and to PyIceberg alike."""
    found = options.of_catalog(
        load(
            catalog="https://catalog.example",
            trino="https://trino.example",
            catalog_token="tok",
            warehouse="flights",
            s3_endpoint="https://store.example",
            s3_region="eu-1",
            s3_access_key="key",
            s3_secret_key="secret",
        )
    )
    assert found["warehouse"] == "flights"
    assert found["s3.endpoint"] == "https://store.example"
    assert found["s3.secret-access-key"] == "secret"


@pytest.mark.parametrize("as_json", [True, False])
def test_answers_of_flink_lose_their_secrets(as_json: bool) -> None:
    """A table's options keep their names and lose what they open, in JSON and in plain text."""
    away = load(**AWAY, registry="https://r.example", registry_user="me", registry_password="p'q")
    told = ddl.declarations(away, "group", "latest-offset")[0]
    shown = veiled(away, json.dumps(told) if as_json else told)
    assert "'properties.sasl.jaas.config' = '***'" in shown
    assert "'value.avro-confluent.basic-auth.user-info' = '***'" in shown
    assert "'topic' = 'flights'" in shown
    assert "7" not in shown.replace("1.7", "").split("WITH")[1]
    assert "p''q" not in shown


def test_a_short_secret_leaves_other_words_alone() -> None:
    """A password that is an everyday word goes by its option, except in errors."""
    away = load(**AWAY | {"kafka_password": "flights"})
    assert veiled(away, "'topic' = 'flights'") == "'topic' = 'flights'"
    assert veiled(away, "no user by 'flights'", is_error=True) == "no user by '***'"


def test_a_session_elsewhere_makes_checkpoints() -> None:
    """What this machine's Flink has in its file is told to a session of another cluster."""
    far = {"flink": "https://f.example", "flink_gateway": "https://g.example"}
    told = options.of_session(load(**AWAY, registry="https://r.example", **far))
    assert told["execution.checkpointing.interval"] == "1s"
    assert told["table.local-time-zone"] == "UTC"
