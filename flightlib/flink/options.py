"""What Flink is told besides the tables when Kafka, the registry or the lake run elsewhere.

Flink opens them itself, so it needs the same keys: they become options of its tables.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from pydantic import SecretStr

from flightlib.settings import Settings, shared_folder

_LOGIN = {"PLAIN": "plain.PlainLoginModule"}
_KAFKA = "org.apache.kafka.common.security"
_SHADE = "org.apache.flink.kafka.shaded."
"""Where the connector that comes as one jar keeps Kafka's classes."""
_OURS = ("execution.checkpointing.", "table.")


def with_options(ddl: str, options: Mapping[str, str]) -> str:
    """Add options to the WITH that ends a statement. Pure."""
    if not options:
        return ddl
    quoted = {name: value.replace("'", "''") for name, value in options.items()}
    lines = [f"    '{name}' = '{value}'" for name, value in quoted.items()]
    head = ddl.rstrip().removesuffix(")").rstrip()
    return ",\n".join([head, *lines]) + "\n)"


def of_topics(settings: Settings) -> dict[str, str]:
    """Give the options by which Flink gets into Kafka and the registry."""
    return {**_of_kafka(settings), **_of_registry(settings)}


def _of_kafka(settings: Settings) -> dict[str, str]:
    if not settings.elsewhere("kafka") or settings.kafka_security == "PLAINTEXT":
        return {}
    told: dict[str, str] = {"properties.security.protocol": settings.kafka_security}
    if settings.kafka_password is not None:
        told["properties.sasl.mechanism"] = settings.kafka_sasl_mechanism
        told["properties.sasl.jaas.config"] = _jaas(settings, settings.kafka_password)
    if settings.ca_file is not None and settings.kafka_security.endswith("SSL"):
        # As text: a file of this machine would not be on Flink's.
        told["properties.ssl.truststore.type"] = "PEM"
        told["properties.ssl.truststore.certificates"] = settings.ca_file.read_text("ascii").strip()
    return told


def _jaas(settings: Settings, password: SecretStr) -> str:
    shade = _SHADE if settings.elsewhere("flink") and settings.flink_shaded_kafka else ""
    module = _LOGIN.get(settings.kafka_sasl_mechanism, "scram.ScramLoginModule")
    user, secret = _java(settings.kafka_user), _java(password.get_secret_value())
    return f'{shade}{_KAFKA}.{module} required username="{user}" password="{secret}";'


def _java(text: str) -> str:
    """Write a text to stand between a Java configuration's double quotes."""
    return re.sub(r'(["\\\\])', r"\\\1", text)


def _of_registry(settings: Settings) -> dict[str, str]:
    login, told = settings.login("registry"), dict[str, str]()
    if login.token:
        told["bearer-auth.credentials-source"] = "STATIC_TOKEN"
        told["bearer-auth.token"] = login.token.get_secret_value()
    elif login.password:
        told["basic-auth.credentials-source"] = "USER_INFO"
        told["basic-auth.user-info"] = f"{login.user}:{login.password.get_secret_value()}"
    return {f"value.avro-confluent.{name}": value for name, value in told.items()}


def of_catalog(settings: Settings) -> dict[str, str]:
    """Give the options by which an Iceberg client of Java or Python gets into the lake."""
    if not settings.elsewhere("catalog"):
        return {}
    login, told = settings.login("catalog"), dict[str, str]()
    if login.token:
        told["token"] = login.token.get_secret_value()
    elif login.password:
        pair = f"{login.user}:{login.password.get_secret_value()}"
        told["header.Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if settings.warehouse:
        told["warehouse"] = settings.warehouse
    return told | _of_store(settings)


def _of_store(settings: Settings) -> dict[str, str]:
    """Give the options of a store that speaks S3."""
    told = dict[str, str]()
    if settings.s3_endpoint:
        told |= {"s3.endpoint": settings.s3_endpoint, "s3.path-style-access": "true"}
    if settings.s3_region:
        told |= {"client.region": settings.s3_region, "s3.region": settings.s3_region}
    if settings.s3_secret_key is not None:
        told["s3.access-key-id"] = settings.s3_access_key
        told["s3.secret-access-key"] = settings.s3_secret_key.get_secret_value()
    return told


def of_session(settings: Settings) -> dict[str, str]:
    """Give what this machine's Flink has in its own file, for a session of one elsewhere.

    So checkpoints are made, and rows of the lake show, whatever that cluster does by itself.
    """
    if not settings.elsewhere("flink_gateway"):
        return {}
    lines = (shared_folder("docker") / "flink" / "config.yaml").read_text("utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines if line.startswith(_OURS))
    return {name: value.strip() for name, value in pairs}
