"""One call to an engine elsewhere, against a gate that wants a certificate and a login."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from secured import Authority, gate

from flightlib import calls
from flightlib.errors import EngineRefused
from flightlib.settings import load

TOKEN = "token-0123456789"


class Engine(BaseHTTPRequestHandler):
    """Answers every question with a small piece of JSON."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'["flights-value"]')

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


class Place(NamedTuple):
    """Where the gate is, where the engine behind it is, and who signed the gate's certificate."""

    gate: str
    engine: str
    authority: Authority
    other: Authority


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A gate before an engine; a second authority has signed nothing of it."""
    folder = tmp_path_factory.mktemp("certificates")
    authority, other = Authority(folder), Authority(folder, "other")
    with ThreadingHTTPServer(("127.0.0.1", 0), Engine) as engine:
        threading.Thread(target=engine.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{engine.server_port}"
        with gate(address, authority.server, f"Bearer {TOKEN}") as url:
            yield Place(url, address, authority, other)
        engine.shutdown()


def answer(**settings: Any) -> Any:
    """Ask the registry of these settings for its subjects."""
    return calls.call(load(**settings), "registry", "GET", "/subjects", 10.0).json()


def test_the_right_token_and_authority_open_it(place: Place) -> None:
    """With the authority's file and the token the engine's own answer comes back."""
    told = answer(registry=place.gate, registry_token=TOKEN, ca_file=place.authority.file)
    assert told == ["flights-value"]


def refusal(**settings: Any) -> str:
    """Say what the error is, which is one line and has no token in it."""
    with pytest.raises(EngineRefused) as caught:
        answer(**settings)
    line = str(caught.value)
    assert "\n" not in line
    assert TOKEN not in line
    return line


def test_a_certificate_nobody_vouches_for(place: Place) -> None:
    """Without the authority's file, or with another's, the setting for it is named."""
    assert "Set FLIGHTLIB_CA_FILE" in refusal(registry=place.gate)
    other = refusal(registry=place.gate, ca_file=place.other.file)
    assert f"FLIGHTLIB_CA_FILE is {place.other.file}" in other


@pytest.mark.parametrize(
    ("login", "named"),
    [
        ({}, "Set FLIGHTLIB_REGISTRY_USER and FLIGHTLIB_REGISTRY_PASSWORD"),
        ({"registry_token": "another"}, "Check FLIGHTLIB_REGISTRY_TOKEN"),
        ({"registry_user": "me", "registry_password": "x"}, "does not know user 'me'"),
    ],
)
def test_a_login_that_does_not_open(place: Place, login: dict[str, str], named: str) -> None:
    """A missing or wrong login is told with the settings that it comes from."""
    assert named in refusal(registry=place.gate, ca_file=place.authority.file, **login)


def test_plain_and_encrypted_are_told_apart(place: Place) -> None:
    """http:// where TLS is spoken, and https:// where it is not, are both named."""
    assert "https://" in refusal(registry=place.gate.replace("https", "http"))
    assert "http:// address" in refusal(registry=place.engine.replace("http", "https"))
