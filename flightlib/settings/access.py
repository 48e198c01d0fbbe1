"""What opens the doors of engines that run elsewhere: encryption, users, secrets, certificates.

Each field is an environment variable `FLIGHTLIB_*`. A secret is given either itself or, by
`..._FILE`, as a file that holds it; nothing that shows a setting shows a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from flightlib.errors import SettingError

FILE = "_file"
SECRETS = (
    "kafka_password",
    *("registry_password", "registry_token"),
    *("flink_password", "flink_token"),
    *("catalog_password", "catalog_token"),
    *("trino_password", "trino_token"),
    "s3_secret_key",
)
SASL = ("SASL_PLAINTEXT", "SASL_SSL")


class Login(NamedTuple):
    """How flightlib says who it is over HTTP: a user and a password, or a token, or neither."""

    user: str = ""
    password: SecretStr | None = None
    token: SecretStr | None = None

    @property
    def given(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.user or self.password or self.token)


class Access(BaseSettings):
    """The settings that matter only for engines that run elsewhere; none is set by default."""

    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_user: str = ""
    kafka_password: SecretStr | None = None
    kafka_password_file: Path | None = None

    registry_user: str = ""
    registry_password: SecretStr | None = None
    registry_password_file: Path | None = None
    registry_token: SecretStr | None = None
    registry_token_file: Path | None = None

    flink_user: str = ""
    flink_password: SecretStr | None = None
    flink_password_file: Path | None = None
    flink_token: SecretStr | None = None
    flink_token_file: Path | None = None
    flink_shaded_kafka: bool = False

    catalog_user: str = ""
    catalog_password: SecretStr | None = None
    catalog_password_file: Path | None = None
    catalog_token: SecretStr | None = None
    catalog_token_file: Path | None = None
    warehouse: str = ""

    trino_user: str = ""
    trino_password: SecretStr | None = None
    trino_password_file: Path | None = None
    trino_token: SecretStr | None = None
    trino_token_file: Path | None = None

    ca_file: Path | None = None

    s3_endpoint: str = ""
    s3_region: str = ""
    s3_access_key: str = ""
    s3_secret_key: SecretStr | None = None
    s3_secret_key_file: Path | None = None

    def login(self, place: str) -> Login:
        """Give what opens one HTTP address; both of Flink's have the same."""
        name = "flink" if place == "flink_gateway" else place
        user, password = getattr(self, f"{name}_user"), getattr(self, f"{name}_password")
        return Login(user, password, getattr(self, f"{name}_token", None))

    def secrets(self) -> list[str]:
        """Give every secret in clear, so that it can be taken out of what is to be shown."""
        held = (getattr(self, name) for name in SECRETS)
        return [secret.get_secret_value() for secret in held if secret is not None]


def variable(name: str) -> str:
    """Name the environment variable of a setting."""
    return f"FLIGHTLIB_{name.upper()}"


def from_files(given: dict[str, Any], places: Iterable[str]) -> dict[str, Any]:
    """Read the secrets that are given as files. Raises SettingError naming variable and file.

    An address (`places` names them) or another of these settings that is empty counts as not set.
    """
    optional = {*Access.model_fields, *places}
    held = {k: v for k, v in given.items() if k not in optional or v not in ("", None)}
    for name in SECRETS:
        if file := held.get(name + FILE):
            if name in held:
                both = f"{variable(name)} and {variable(name + FILE)}"
                raise SettingError(f"{both} are both set: unset one of them.")
            held[name] = SecretStr(_read(name + FILE, Path(file)))
        elif name in held and not isinstance(held[name], SecretStr):
            held[name] = SecretStr(str(held[name]))
    return held


def _read(name: str, path: Path) -> str:
    try:
        text = path.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SettingError(
            f"{variable(name)} names {path}, which cannot be read: {why}. "
            "Set it to a file that holds the secret and nothing else."
        ) from None
    if not text or "\n" in text:
        found = "more than one line" if text else "nothing"
        raise SettingError(
            f"{variable(name)} names {path}, which holds {found}. "
            "Set it to a file that holds the secret and nothing else."
        )
    return text
