"""Which settings go together: each wrong combination is told in one line, without any secret."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from flightlib.errors import SettingError
from flightlib.settings.access import SASL, Access, variable

NEAR = ("127.0.0.1", "localhost", "::1")
_BROKERS = re.compile(r"[^\s,/@:]+:\d{1,5}(,[^\s,/@:]+:\d{1,5})*")
_ODD = re.compile(r"[\s\"'\\]")
_PAIRS = (("flink", "flink_gateway"), ("catalog", "trino"))
"""Two addresses of one thing: half of it elsewhere cannot work."""


def is_near(address: str) -> bool:
    """Say whether an address is on this machine, a tunnel's entrance included."""
    if "//" in address:
        return urlsplit(address).hostname in NEAR
    return all(broker.rpartition(":")[0] in NEAR for broker in address.split(","))


def check_address(name: str, text: str) -> str:
    """Give an address back, without a slash at its end. Raises SettingError if it is none."""
    if name == "kafka":
        if _BROKERS.fullmatch(text):
            return text
        wanted = "host:port, or several with commas between"
    else:
        parts = urlsplit(text)
        plain = parts.scheme in ("http", "https") and parts.hostname and not _ODD.search(text)
        if plain and "@" not in parts.netloc and not parts.query and not parts.fragment:
            return text.rstrip("/")
        wanted = "http://host:port or https://host"
    # What has an @ or a ? may hold a password, which is not repeated.
    found = "holds more than an address" if set("@?#") & set(text) else f"cannot be {text!r}"
    login = f"{variable(name.removesuffix('_gateway'))}_USER"
    raise SettingError(
        f"{variable(name)} {found}; expected: {wanted}. A user and a password have settings of "
        f"their own ({login} and so on)."
    )


def check(held: Access, addresses: Mapping[str, str], elsewhere: frozenset[str]) -> None:
    """Raise SettingError for the first combination that cannot work.

    `addresses` has the address of every engine by name; `elsewhere` names those that were set.
    """
    _pairs(elsewhere)
    _kafka(held, elsewhere)
    for name in ("registry", "flink", "catalog", "trino"):
        _login(held, name, addresses[name], elsewhere)
    _reachable(addresses, elsewhere)
    _s3(held, elsewhere)
    if held.ca_file is not None:
        _certificates(held.ca_file)


def _pairs(elsewhere: frozenset[str]) -> None:
    for pair in _PAIRS:
        one, *both = (
            (name for name in pair if name in elsewhere) if elsewhere & set(pair) else ("",)
        )
        if one and not both:
            other = next(name for name in pair if name != one)
            raise SettingError(
                f"{variable(one)} is set and {variable(other)} is not, and they belong together. "
                f"Set {variable(other)}, too, or unset {variable(one)}."
            )


def _kafka(held: Access, elsewhere: frozenset[str]) -> None:
    user, password = bool(held.kafka_user), held.kafka_password is not None
    secured = held.kafka_security != "PLAINTEXT"
    if (secured or user or password) and "kafka" not in elsewhere:
        name = "kafka_security" if secured else "kafka_user" if user else "kafka_password"
        _lonely(name, "kafka")
    if held.kafka_security in SASL and not (user and password):
        lacking = "kafka_password" if user else "kafka_user"
        raise SettingError(
            f"FLIGHTLIB_KAFKA_SECURITY is {held.kafka_security}, which takes a user and a "
            f"password. Set {variable(lacking)}{' (or _FILE)' if user else ''}."
        )
    if held.kafka_security not in SASL and (user or password):
        named = variable("kafka_user" if user else "kafka_password")
        raise SettingError(
            f"{named} is set, and FLIGHTLIB_KAFKA_SECURITY is {held.kafka_security}, which takes "
            f"none. Set FLIGHTLIB_KAFKA_SECURITY to one of {', '.join(SASL)}."
        )


def _lonely(name: str, place: str) -> NoReturn:
    raise SettingError(
        f"{variable(name)} is set and {variable(place)} is not: the engines of this machine take "
        f"no such thing. Set {variable(place)} to the address, or unset {variable(name)}."
    )


def _login(held: Access, name: str, address: str, elsewhere: frozenset[str]) -> None:
    login = held.login(name)
    if not login.given:
        return
    parts = [f for f in login._fields if getattr(login, f)]
    if name not in elsewhere:
        _lonely(f"{name}_{parts[0]}", name)
    fits = [["user", "password"], ["token"]]
    # Trino's queries belong to a user, also where a token opens the door.
    if parts not in (*fits, ["user", "token"]) or (parts not in fits and name != "trino"):
        found = " and ".join(variable(f"{name}_{part}") for part in parts)
        raise SettingError(
            f"{found} {'are' if parts[1:] else 'is'} set; expected: {variable(name)}_USER with "
            f"{variable(name)}_PASSWORD (or _PASSWORD_FILE), or {variable(name)}_TOKEN alone."
        )
    if address.startswith("http://") and (name == "trino" or not is_near(address)):
        raise SettingError(
            f"{variable(f'{name}_{parts[-1]}')} would travel unencrypted to {address}. Set "
            f"{variable(name)} to an https:// address."
        )


def _reachable(addresses: Mapping[str, str], elsewhere: frozenset[str]) -> None:
    """Flink elsewhere reads Kafka and the registry by the addresses that it is given."""
    if "flink" not in elsewhere or is_near(addresses["flink_gateway"]):
        return
    for name in ("kafka", "registry"):
        if is_near(addresses[name]):
            raise SettingError(
                f"FLIGHTLIB_FLINK_GATEWAY is another machine, where {addresses[name]} is not "
                f"yours. Set {variable(name)} to an address that Flink reaches as well."
            )


def _s3(held: Access, elsewhere: frozenset[str]) -> None:
    given = [
        name
        for name in ("s3_access_key", "s3_secret_key", "s3_endpoint", "s3_region", "warehouse")
        if getattr(held, name)
    ]
    if given and "catalog" not in elsewhere:
        _lonely(given[0], "catalog")
    if len({"s3_access_key", "s3_secret_key"} & set(given)) == 1:
        lacking = "s3_secret_key" if "s3_access_key" in given else "s3_access_key"
        raise SettingError(
            f"{variable(given[0])} is set and {variable(lacking)} is not. Set both, or neither "
            "where the machine itself may enter the store."
        )


def _certificates(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        why = "no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingError(
            f"FLIGHTLIB_CA_FILE names {path}: {why}. Set it to the certificate of the authority "
            "that signed your engines' certificates, or unset it if that is a public one."
        ) from None
