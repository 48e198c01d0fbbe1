"""How clients get into a Kafka that runs elsewhere, and what it means when they do not."""

from __future__ import annotations

import logging
import time
from typing import Any

from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from flightlib import calls
from flightlib.errors import EngineDown
from flightlib.settings import Settings

LISTEN_S = 4.0
"""How long a Kafka elsewhere is listened to for the reason of its silence, seconds."""
_AWAY = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE}
_TELLING = {KafkaError._AUTHENTICATION, KafkaError._SSL}
_BROKEN_OFF = "Disconnected"
_HUNG_UP = "verify that security.protocol is correctly configured"


def client_options(settings: Settings) -> dict[str, Any]:
    """Give what librdkafka needs to reach Kafka: nothing to open on this machine."""
    if not settings.elsewhere("kafka"):
        return {"broker.address.family": "v4"}
    told: dict[str, Any] = {"security.protocol": settings.kafka_security}
    if settings.ca_file is not None and settings.kafka_security.endswith("SSL"):
        told["ssl.ca.location"] = str(settings.ca_file)
    if settings.kafka_password is not None:
        told["sasl.mechanism"] = settings.kafka_sasl_mechanism
        told["sasl.username"] = settings.kafka_user
        told["sasl.password"] = settings.kafka_password.get_secret_value()
    return told


class _Notes(logging.Handler):
    """Keeps what librdkafka says of connections: that one breaks off is no error to it."""

    def __init__(self) -> None:
        super().__init__()
        self.broken_off = False

    def emit(self, record: logging.LogRecord) -> None:
        self.broken_off |= _BROKEN_OFF in record.getMessage()


def reason(settings: Settings) -> EngineDown:
    """Find out why Kafka does not answer, and say it in one line."""
    if not settings.elsewhere("kafka"):
        return calls.down(settings, "kafka")
    heard, notes, log = list[KafkaError](), _Notes(), logging.Logger("flightlib.kafka.why")
    log.addHandler(notes)
    told: dict[str, Any] = {"bootstrap.servers": settings.kafka, "client.id": "flightlib-why"}
    told |= {**client_options(settings), "error_cb": heard.append}
    client = AdminClient(told, logger=log)
    deadline = time.monotonic() + LISTEN_S
    while time.monotonic() < deadline and not any(map(tells, heard)):
        client.poll(0.1)
    if why := next(filter(tells, heard), None):
        return explained(settings, why)
    return _hung_up(settings) if notes.broken_off else calls.down(settings, "kafka")


def tells(error: KafkaError) -> bool:
    """Say whether an error of librdkafka is more than silence: it names what is wrong."""
    return error.code() in _TELLING or _HUNG_UP in error.str()


def explained(settings: Settings, error: KafkaError) -> EngineDown:
    """Say what keeps a client out of Kafka, and which setting to look at. Pure."""
    text = error.str()
    if not settings.elsewhere("kafka"):
        return calls.down(settings, "kafka")
    if error.code() == KafkaError._AUTHENTICATION:
        if "mechanism" in text.lower() and "not" in text.lower():
            what = f"takes no {settings.kafka_sasl_mechanism}"
            return _refused(settings, what, "Set FLIGHTLIB_KAFKA_SASL_MECHANISM to one it takes.")
        what = f"does not know user {settings.kafka_user!r} by this password"
        todo = "Check FLIGHTLIB_KAFKA_USER and FLIGHTLIB_KAFKA_PASSWORD (or _FILE)."
        return _refused(settings, what, todo)
    if error.code() == KafkaError._SSL:
        if "hostname mismatch" in text.lower():
            todo = "Set FLIGHTLIB_KAFKA to the name that it is made out to."
            return _refused(settings, "shows a certificate for another name", todo)
        if "certificate" in text:
            return _refused(settings, calls.UNTRUSTED, calls.trust_todo(settings))
    if error.code() == KafkaError._SSL or _HUNG_UP in text:
        return _hung_up(settings)
    return calls.down(settings, "kafka")


def _hung_up(settings: Settings) -> EngineDown:
    todo = f"Set FLIGHTLIB_KAFKA_SECURITY to what it speaks; it is {settings.kafka_security}."
    return _refused(settings, "breaks the connection off at its beginning", todo)


def in_words(settings: Settings, error: KafkaError) -> str:
    """Say what an error of a Kafka elsewhere means; nothing for one of this machine."""
    known = tells(error) or error.code() in _AWAY
    return str(explained(settings, error)) if settings.elsewhere("kafka") and known else ""


def _refused(settings: Settings, what: str, todo: str) -> EngineDown:
    return calls.refused(settings, "kafka", what, todo)
