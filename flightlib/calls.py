"""One HTTP call to an engine, wherever it runs: certificates, credentials, and what silence means.

An engine of this machine is called over plain HTTP, past every proxy. One that runs elsewhere gets
the login of the settings, and its certificate is checked.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from flightlib.errors import EngineDown, EngineRefused
from flightlib.settings import Settings, is_near, variable

NAMES = {
    "kafka": "Kafka",
    "registry": "The Schema Registry",
    "catalog": "The Iceberg catalog",
    "flink": "Flink's JobManager",
    "flink_gateway": "Flink's SQL Gateway",
    "trino": "Trino",
}
"""What each engine is called in an error, by the setting that has its address."""

SINGLE = ("catalog", "trino")
"""Engines that are named by themselves in the command that starts them."""

CLOSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


def call(
    settings: Settings,
    place: str,
    method: str,
    path: str,
    timeout_s: float,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Make one call to the engine at a place (`registry`, `flink`, ...), answered in `timeout_s`.

    Raises EngineDown when nobody answers, EngineRefused when it does not let flightlib in.
    """
    address = str(getattr(settings, place))
    try:
        with client(settings, place, timeout_s) as opened:
            answer = opened.request(method, address + path, json=json, headers=dict(headers or {}))
    except httpx.TransportError as error:
        raise unanswered(settings, place, error) from None
    if answer.status_code in CLOSED and settings.elsewhere(place):
        raise refused_login(settings, place, answer.status_code)
    return answer


def client(settings: Settings, place: str, timeout_s: float) -> httpx.Client:
    """Make the HTTP client for one engine."""
    if not settings.elsewhere(place):
        # This machine, plain HTTP: no proxy, and no certificates to load, which takes a while.
        return httpx.Client(trust_env=False, verify=False, timeout=timeout_s)
    login = settings.login(place)
    password = login.password.get_secret_value() if login.password else ""
    token = f"Bearer {login.token.get_secret_value()}" if login.token else ""
    return httpx.Client(
        auth=(login.user, password) if login.user else None,
        headers={"Authorization": token} if token else None,
        verify=_trust(settings.ca_file),
        trust_env=not is_near(getattr(settings, place)),  # a proxy may be the way there
        timeout=timeout_s,
    )


@cache
def _trust(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def where(settings: Settings, place: str) -> str:
    """Give an engine's host and port, as errors name it."""
    address = str(getattr(settings, place))
    return urlsplit(address).netloc if "//" in address else address


def down(settings: Settings, place: str, command: str = "") -> EngineDown:
    """Build the error for an engine that is not answering; one elsewhere is not ours to start."""
    command = command or f"flightlib up{' ' + place if place in SINGLE else ''}"
    return EngineDown(NAMES[place], where(settings, place), command, remedy(settings, place))


def remedy(settings: Settings, place: str) -> str:
    """Say what to do about a silent engine elsewhere; nothing for one of this machine."""
    if not settings.elsewhere(place):
        return ""
    return (
        f"It runs elsewhere, as {variable(place)} says: see whether it is up there, or unset "
        f"{variable(place)} to use this machine's own."
    )


def refused(settings: Settings, place: str, what: str, todo: str) -> EngineRefused:
    """Build the error for an engine that is there and does not let flightlib in."""
    return EngineRefused(NAMES[place], where(settings, place), what, todo)


def refused_login(settings: Settings, place: str, status: int) -> EngineRefused:
    """Say that a login was not taken, or is missing, and which settings it comes from."""
    name, login = variable(place.removesuffix("_gateway")), settings.login(place)
    if not login.given:
        todo = f"Set {name}_USER and {name}_PASSWORD (or _PASSWORD_FILE), or {name}_TOKEN."
        return refused(settings, place, f"asks who is there ({status})", todo)
    given = f"{name}_TOKEN" if login.token else f"{name}_USER and {name}_PASSWORD"
    who = "the token" if login.token else f"user {login.user!r}"
    what = f"does not know {who} by this password" if status == 401 and login.user else ""
    todo = f"Check {given} (or _FILE)."
    return refused(settings, place, what or f"does not let {who} in ({status})", todo)


def unanswered(settings: Settings, place: str, error: Exception) -> EngineDown:
    """Say why a call came to nothing, as far as the error (of httpx or requests) tells."""
    if not settings.elsewhere(place):
        return down(settings, place)
    text, name = str(error), variable(place)
    if "hostname mismatch" in text.lower() or "not valid for" in text or "doesn't match" in text:
        what = "shows a certificate for another name"
        return refused(settings, place, what, f"Set {name} to the name that it is made out to.")
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        return refused(settings, place, UNTRUSTED, trust_todo(settings))
    if any(
        word in text for word in ("WRONG_VERSION_NUMBER", "wrong version number", "record layer")
    ):
        return refused(settings, place, "speaks no TLS", f"Set {name} to an http:// address.")
    plain = str(getattr(settings, place)).startswith("http://")
    if plain and isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return refused(settings, place, "hangs up on plain HTTP", f"Does {name} need https://?")
    return down(settings, place)


UNTRUSTED = "shows a certificate that is not trusted here"


def trust_todo(settings: Settings) -> str:
    """Say which setting makes a certificate trusted."""
    if settings.ca_file is None:
        return "Set FLIGHTLIB_CA_FILE to the certificate of the authority that signed it."
    return f"FLIGHTLIB_CA_FILE is {settings.ca_file}: set it to the authority that signed it."
