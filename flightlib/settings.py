"""The address book: one frozen object that says where everything is.

Order of precedence: an argument > an environment variable `FLIGHTLIB_*` > `docker/.env` > the
default below. Ports and versions have no default here: they stand once, in `docker/.env`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import platformdirs
from pydantic import Field, ValidationError, computed_field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flightlib.errors import SettingError

MAVEN_REPOSITORY = "https://repo.maven.apache.org/maven2"
HOST: Final = "127.0.0.1"

Port = Field(ge=1, le=65535)


def shared_folder(name: str) -> Path:
    """Find `docker` or `notebooks`: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parent
    inside = package / "_share" / name
    return inside if inside.is_dir() else package.parent / name


class Settings(BaseSettings):
    """Addresses, ports, versions and folders of one flightlib installation."""

    model_config = SettingsConfigDict(env_prefix="FLIGHTLIB_", frozen=True, extra="ignore")

    kafka_port: int = Port
    kafka_controller_port: int = Port
    registry_port: int = Port
    catalog_port: int = Port
    flink_port: int = Port
    flink_rpc_port: int = Port
    gateway_port: int = Port
    trino_port: int = Port
    backend_port: int = Port
    lab_port: int = Port  # of JupyterLab in a container

    jre_version: str
    trino_jre_version: str
    kafka_version: str
    registry_version: str
    iceberg_version: str
    flink_version: str
    trino_version: str

    log4j_version: str
    jetty_version: str
    sqlite_version: str
    httpcore_version: str
    slf4j_version: str
    hadoop_version: str
    flink_kafka_version: str
    flink_avro_version: str

    maven_repository: str = MAVEN_REPOSITORY
    data: Path = Path(platformdirs.user_data_dir("flightlib", appauthor=False))
    cache: Path = Path(platformdirs.user_cache_dir("flightlib", appauthor=False))
    # Where servers listen. All interfaces are for containers, whose ports reach this machine alone.
    bind: Literal["127.0.0.1", "0.0.0.0"] = HOST
    max_clients: int = Field(default=1000, ge=1)
    cors_origins: str = r"https?://(localhost|127\.0\.0\.1)(:\d+)?"

    @field_validator("data", "cache")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kafka(self) -> str:
        """Kafka's bootstrap address, host:port."""
        return f"{HOST}:{self.kafka_port}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def registry(self) -> str:
        """The Schema Registry's base address (Confluent-compatible API)."""
        return f"http://{HOST}:{self.registry_port}/apis/ccompat/v7"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def catalog(self) -> str:
        """The Iceberg REST catalog's address."""
        return f"http://{HOST}:{self.catalog_port}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def flink(self) -> str:
        """The Flink JobManager's REST address and web page."""
        return f"http://{HOST}:{self.flink_port}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def flink_gateway(self) -> str:
        """The Flink SQL Gateway's REST address."""
        return f"http://{HOST}:{self.gateway_port}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def trino(self) -> str:
        """Trino's address and web page."""
        return f"http://{HOST}:{self.trino_port}"


def load(**given: Any) -> Settings:
    """Read the settings as they are now; keyword arguments win over everything else.

    Raises SettingError naming the setting and the value when one is not allowed.
    """
    env_file = shared_folder("docker") / ".env"
    try:
        return Settings(**{"_env_file": env_file, **given})
    except ValidationError as error:
        first = error.errors()[0]
        name = "FLIGHTLIB_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingError(
            f"{name} cannot be {first['input']!r}: {first['msg'].lower()}. "
            f"Set it to an allowed value, or unset it to use {env_file}."
        ) from None
