"""The address book: one frozen object that says where everything is.

Order of precedence: an argument > an environment variable `FLIGHTLIB_*` > `docker/.env` > the
default below. Ports and versions have no default here: they stand once, in `docker/.env`. An
address that is not set is the one of this machine's own engine, on its port.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict
from typing_extensions import Self

from flightlib.errors import SettingError
from flightlib.settings.access import FILE, SECRETS, Access, Login, from_files, variable
from flightlib.settings.rules import check, check_address, is_near

__all__ = [
    "FILE",
    "HOST",
    "MAVEN_REPOSITORY",
    "PLACES",
    "SECRETS",
    "Access",
    "Login",
    "Settings",
    "is_near",
    "load",
    "shared_folder",
    "variable",
]

MAVEN_REPOSITORY = "https://repo.maven.apache.org/maven2"
HOST: Final = "127.0.0.1"

PLACES = {
    "kafka": "{host}:{kafka_port}",
    "registry": "http://{host}:{registry_port}/apis/ccompat/v7",
    "catalog": "http://{host}:{catalog_port}",
    "flink": "http://{host}:{flink_port}",
    "flink_gateway": "http://{host}:{gateway_port}",
    "trino": "http://{host}:{trino_port}",
}
"""The addresses of this machine's own engines, by the name of the setting that moves each."""

Port = Field(ge=1, le=65535)


def shared_folder(name: str) -> Path:
    """Find `docker` or `notebooks`: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_share" / name
    return inside if inside.is_dir() else package.parent / name


class Settings(Access):
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
    prometheus_port: int = Port
    grafana_port: int = Port  # of Grafana in a container

    kafka: str
    """Kafka's bootstrap addresses, host:port with commas between."""
    registry: str
    """The Schema Registry's base address (Confluent-compatible API)."""
    catalog: str
    """The Iceberg REST catalog's address, without the `/v1`."""
    flink: str
    """The Flink JobManager's REST address and web page."""
    flink_gateway: str
    """The Flink SQL Gateway's REST address."""
    trino: str
    """Trino's address and web page."""

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
    log_format: Literal["text", "json"] = "text"
    max_clients: int = Field(default=1000, ge=1)
    cors_origins: str = r"https?://(localhost|127\.0\.0\.1)(:\d+)?"

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Read secrets from their files, and let what has no address be on this machine."""
        held = from_files(dict(given), PLACES)
        for name in PLACES.keys() & held.keys():
            held[name] = check_address(name, str(held[name]))
        ports = {name: held.get(name) for name in cls.model_fields if name.endswith("_port")}
        here = {name: text.format(host=HOST, **ports) for name, text in PLACES.items()}
        return {**here, **held}

    @field_validator("data", "cache", "ca_file", *(f"{name}{FILE}" for name in SECRETS))
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        return folder and folder.expanduser().absolute()

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        addresses = {name: str(getattr(self, name)) for name in PLACES}
        check(self, addresses, frozenset(name for name in PLACES if self.elsewhere(name)))
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy with changes; an address that was not set follows its port."""
        given = dict(update or {})
        held = {name: given.get(name, getattr(self, name)) for name in _PORTS}
        follow = {
            name: text.format(host=HOST, **held)
            for name, text in PLACES.items()
            if name not in given and not self.elsewhere(name)
        }
        return super().model_copy(update={**follow, **given}, deep=deep)

    def elsewhere(self, place: str) -> bool:
        """Say whether an engine is one that somebody else runs: its address was set.

        `place` is the name of its address: kafka, registry, catalog, flink, flink_gateway, trino.
        """
        here = PLACES[place].format(host=HOST, **{n: getattr(self, n) for n in _PORTS})
        return bool(getattr(self, place) != here)


_PORTS = [name for name in Settings.model_fields if name.endswith("_port")]


def load(**given: Any) -> Settings:
    """Read the settings as they are now; keyword arguments win over everything else.

    Raises SettingError naming the setting and the value when one is not allowed.
    """
    env_file = shared_folder("docker") / ".env"
    try:
        return Settings(**{"_env_file": env_file, **given})
    except ValidationError as error:
        first = error.errors()[0]
        setting = "_".join(str(part) for part in first["loc"])
        name, secret = variable(setting), setting in SECRETS
        raise SettingError(
            f"{name} cannot be {'what it is' if secret else repr(first['input'])}: "
            f"{first['msg'][:1].lower()}{first['msg'][1:]}. "
            f"Set it to an allowed value, or unset it to use {env_file}."
        ) from None
