"""A second set of real engines that lets nobody in without a login and a trusted certificate.

They are flightlib's own files as local processes: Kafka with SASL over TLS, Trino with its password
file over TLS, the lake's files in a store that speaks S3. The registry, the catalog and Flink have
no locks of their own and stand behind a gate: TLS, and a password or a token, as a company's proxy
would have it.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import secrets
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from store import REGION, Store, store

from flightlib.engines import Local, free_ports
from flightlib.engines.commands import Command
from flightlib.engines.fetch import alone, cached, download
from flightlib.engines.layout import home
from flightlib.engines.lockfile import read_lock
from flightlib.engines.progress import Silent
from flightlib.engines.unpack import unpack
from flightlib.settings import Settings, load, shared_folder

HOST = "127.0.0.1"
DOCKER = shared_folder("docker")
FLINK = ("jobmanager", "taskmanager", "gateway")


class Authority:
    """Signs certificates for this machine, and is trusted by whoever has its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._key, self._name = _key(), _named(f"flightlib test {name}")
        self._certificate = _signed(self._name, self._key, self._name, self._key, authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(self._certificate))
        # The same for Java, which wants a store of its own kind.
        self.java_store, self.java_password = folder / f"{name}.p12", "changeit"
        entry = pkcs12.PKCS12Certificate(self._certificate, b"authority")
        lock = serialization.BestAvailableEncryption(self.java_password.encode())
        self.java_store.write_bytes(pkcs12.serialize_java_truststore([entry], lock))
        self.server = folder / f"{name}-server.pem"
        key = _key()
        made = _signed(_named("localhost"), key, self._name, self._key, authority=False)
        plain = serialization.NoEncryption()
        kind = serialization.PrivateFormat.PKCS8
        opened = key.private_bytes(serialization.Encoding.PEM, kind, plain)
        self.server.write_bytes(opened + _pem(made) + _pem(self._certificate))


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _signed(
    name: x509.Name,
    key: rsa.RSAPrivateKey,
    signer: x509.Name,
    signing: rsa.RSAPrivateKey,
    authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.timezone.utc)
    here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(here), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(by, critical=False)
        .sign(signing, hashes.SHA256())
    )


@contextmanager
def gate(target: str, server: Path, authorization: str) -> Iterator[str]:
    """Open an https:// address that hands on to `target` whoever has the right header."""

    async def hand_on(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get("authorization", ""), authorization):
            return Response("who is there?", 401, {"WWW-Authenticate": "Basic, Bearer"})
        query = f"?{request.url.query}" if request.url.query else ""
        told = {k: v for k, v in request.headers.items() if k not in ("host", "authorization")}
        body = await request.body()
        # Plain HTTP from here on: no certificates to load for each call.
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=60.0) as client:
            answer = await client.request(
                request.method, f"{target}{request.url.path}{query}", headers=told, content=body
            )
        gone = ("content-length", "content-encoding", "transfer-encoding", "connection")
        kept = {k: v for k, v in answer.headers.items() if k not in gone}
        return Response(answer.content, answer.status_code, kept)

    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", hand_on, methods=every)])
    with socket.create_server((HOST, 0)) as listener:
        config = uvicorn.Config(app, ssl_certfile=server, log_level="error", lifespan="off")
        running = uvicorn.Server(config)
        # It catches signals only in a program's first thread.
        thread = threading.Thread(target=running.run, args=[[listener]], daemon=True)
        thread.start()
        try:
            yield f"https://localhost:{listener.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join(10)


@dataclass(frozen=True)
class Keys:
    """What opens the doors; the first two have characters that need care in every notation."""

    kafka_user: str = "pilot"
    kafka_password: str = 'it\'s "7%" \\ $HOME!'
    registry_user: str = "clerk"
    registry_password: str = 'r\'egistry "secret"'
    catalog_token: str = "catalog-token-0123456789"
    flink_token: str = "flink-token-0123456789"
    trino_user: str = "analyst"
    trino_password: str = 'tri\'no "pass\\word"'
    plain_user: str = "glider"
    plain_password: str = "plain-password-01"

    @property
    def secret(self) -> list[str]:
        """All that must never be seen."""
        return [getattr(self, n) for n in self.__dataclass_fields__ if not n.endswith("_user")]


class Guarded(Local):
    """Local engines that start from files which add locks to those in `docker/`."""

    def __init__(
        self, settings: Settings, authority: Authority, keys: Keys, store: Store, ports: list[int]
    ) -> None:
        super().__init__(settings)
        self.authority, self.keys, self.store = authority, keys, store
        self.kafka_port, self.trino_port = ports
        self._files = authority.file.parent

    def _commands(self, needed: tuple[str, ...]) -> list[Command]:
        change = {"kafka": self._kafka, "catalog": self._catalog, "trino": self._trino}
        change |= dict.fromkeys(FLINK, self._flink)
        same = super()._commands(needed)
        return [change[c.engine](c) if c.engine in change else c for c in same]

    def _kafka(self, plain: Command) -> Command:
        ports = self.settings.kafka_port, self.settings.kafka_controller_port
        inside = f"PLAINTEXT://{HOST}:{ports[0]},CONTROLLER://{HOST}:{ports[1]}"
        security, login = "org.apache.kafka.common.security", "listener.name.secure"
        user = f'user_{self.keys.plain_user}="{self.keys.plain_password}"'
        lines = [
            f"listeners={inside},SECURE://{HOST}:{self.kafka_port}",
            f"advertised.listeners={inside},SECURE://localhost:{self.kafka_port}",
            "listener.security.protocol.map="
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL",
            f"{login}.ssl.keystore.type=PEM",
            f"{login}.ssl.keystore.location={self.authority.server}",
            f"{login}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
            f"{login}.plain.sasl.jaas.config={security}.plain.PlainLoginModule required {user};",
            f"{login}.scram-sha-512.sasl.jaas.config={security}.scram.ScramLoginModule required;",
        ]
        file = DOCKER / "kafka" / "server.properties"
        return self._instead(plain, file, file.read_text("utf-8") + "\n".join(lines))

    def _catalog(self, plain: Command) -> Command:
        """Let the catalog keep its tables in the store."""
        file = DOCKER / "catalog" / "catalog.xml"
        local = 'file://<Env name="FLIGHTLIB_DATA"/>/warehouse'
        text = file.read_text("utf-8")
        assert local in text
        entries = "".join(
            f"<Entry><Item>{name}</Item><Item>{value}</Item></Entry>"
            for name, value in {
                "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
                "s3.endpoint": self.store.endpoint,
                "s3.path-style-access": "true",
                "s3.access-key-id": self.store.access_key,
                "s3.secret-access-key": self.store.secret_key,
                "client.region": REGION,
            }.items()
        )
        text = text.replace(local, self.store.warehouse).replace("<Map>", f"<Map>{entries}", 1)
        return _beside(self._instead(plain, file, text), self.store.bundle, *self.store.of_catalog)

    def _lake_of_trino(self) -> Path:
        """Write the folder in which Trino finds the lake."""
        told = {
            "fs.native-s3.enabled": "true",
            "s3.endpoint": self.store.endpoint,
            "s3.region": REGION,
            "s3.path-style-access": "true",
            "s3.aws-access-key": self.store.access_key,
            "s3.aws-secret-key": self.store.secret_key,
        }
        local = ("fs.native-local.", "local.location")
        file = DOCKER / "trino" / "catalog" / "lake.properties"
        lines = [x for x in file.read_text("utf-8").splitlines() if not x.startswith(local)]
        lines += [f"{name}={value}" for name, value in told.items()]
        folder = self._files / "trino catalogs"
        folder.mkdir(exist_ok=True)
        (folder / file.name).write_text("\n".join(lines), encoding="utf-8")
        return folder

    def _trino(self, plain: Command) -> Command:
        passwords, login = self._files / "passwords", self._files / "login.properties"
        passwords.write_text(_entry(self.keys.trino_user, self.keys.trino_password))
        login.write_text(f"password-authenticator.name=file\nfile.password-file={passwords}\n")
        lines = [
            "http-server.https.enabled=true",
            f"http-server.https.port={self.trino_port}",
            f"http-server.https.keystore.path={self.authority.server}",
            "http-server.authentication.type=PASSWORD",
            f"password-authenticator.config-files={login}",
            f"internal-communication.shared-secret={secrets.token_hex(32)}",
        ]
        file = DOCKER / "trino" / "config.properties"
        guarded = self._instead(plain, file, file.read_text("utf-8") + "\n".join(lines))
        there, own = str(DOCKER / "trino" / "catalog"), str(self._lake_of_trino())
        argv = tuple(word.replace(there, own) for word in guarded.argv)
        return replace(guarded, argv=argv, folder=self._home_with_passwords())

    def _home_with_passwords(self) -> Path:
        """Link Trino's files together with the one plugin that flightlib leaves out."""
        there = self._files / "trino-home"
        shutil.rmtree(there, ignore_errors=True)
        (there / "plugin").mkdir(parents=True)
        own = home(self.settings, "trino")
        for entry in (entry for entry in own.iterdir() if entry.name != "plugin"):
            (there / entry.name).symlink_to(entry)
        for plugin in (*(own / "plugin").iterdir(), password_plugin(self.settings)):
            (there / "plugin" / plugin.name).symlink_to(plugin)
        return there

    def _flink(self, plain: Command) -> Command:
        """Let Flink's Java trust the authority, as on a cluster whose owner saw to that."""
        store = f"-Djavax.net.ssl.trustStore={self.authority.java_store}"
        word = f"-Djavax.net.ssl.trustStorePassword={self.authority.java_password}"
        java, *rest = _beside(plain, self.store.bundle).argv
        return replace(plain, argv=(java, store, word, *rest))

    def _instead(self, plain: Command, file: Path, text: str) -> Command:
        own = self._files / file.name
        own.write_text(text, encoding="utf-8")
        argv = tuple(word.replace(str(file), str(own)) for word in plain.argv)
        assert argv != plain.argv, f"{plain.engine} is not started from {file}"
        return replace(plain, argv=argv)

    def enrol(self) -> None:
        """Make the user of SCRAM known to Kafka, by its door for itself."""
        client = AdminClient({"bootstrap.servers": self.settings.kafka})
        how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        user, password = self.keys.kafka_user, self.keys.kafka_password.encode()
        wanted = [UserScramCredentialUpsertion(user, how, password)]
        for made in client.alter_user_scram_credentials(wanted).values():
            made.result(10)


def _beside(plain: Command, *jars: Path) -> Command:
    """Add jars to the class path of a command."""
    argv = list(plain.argv)
    argv[argv.index("-cp") + 1] += "".join(f":{jar}" for jar in jars)
    return replace(plain, argv=tuple(argv))


def _entry(user: str, password: str) -> str:
    """Write a line of Trino's password file."""
    salt, rounds = secrets.token_bytes(16), 20_000
    made = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, rounds)
    return f"{user}:{rounds}:{salt.hex()}:{made.hex()}\n"


def password_plugin(settings: Settings) -> Path:
    """Give the folder of Trino's password plugin, fetched once more if it is not there.

    It is part of the server's archive, and flightlib keeps no plugin that it does not use.
    """
    name = "password-authenticators"
    lock = read_lock()
    kept = settings.cache / "tests" / f"trino-{settings.trino_version}" / name
    if not kept.is_dir():
        server = [a for a in lock.engines["trino"] if a.into == "."]
        only = replace(lock, engines={**lock.engines, "trino": tuple(server)})
        whole = settings.cache / "tests" / f"whole-{secrets.token_hex(4)}"
        with alone(settings, Silent()):
            for _ in download(settings, ["trino"], Silent(), only):
                archive = cached(settings, server[0])
                unpack(archive, whole)
                archive.unlink()
        kept.parent.mkdir(parents=True, exist_ok=True)
        (whole / "plugin" / name).rename(kept)
        shutil.rmtree(whole)
    return kept


@dataclass(frozen=True)
class Secured:
    """The running set, and the environment that leads flightlib to it."""

    engines: Guarded
    authority: Authority
    keys: Keys
    variables: dict[str, str]

    @property
    def secret(self) -> list[str]:
        """All that must never be seen."""
        return [*self.keys.secret, self.engines.store.secret_key]


@contextmanager
def secured(folder: Path, names: list[str]) -> Iterator[Secured]:
    """Start some engines with locks, and end them; the variables lead to all of them."""
    keys, authority = Keys(), Authority(folder / "certificates")
    ports = [name for name in Settings.model_fields if name.endswith("_port")]
    *free, to_store, to_kafka, to_trino = free_ports(len(ports) + 3)
    numbers: dict[str, Any] = dict(zip(ports, free, strict=True))
    settings = load(**numbers, data=folder / "engines")
    with ExitStack() as stack:
        lake = stack.enter_context(store(settings, folder / "store", to_store))
        engines = Guarded(settings, authority, keys, lake, [to_kafka, to_trino])
        stack.callback(engines.down)
        engines.up(names)
        engines.enrol()
        yield Secured(engines, authority, keys, _variables(stack, engines, folder))


def _variables(stack: ExitStack, engines: Guarded, folder: Path) -> dict[str, str]:
    keys, here, server = engines.keys, engines.settings, engines.authority.server
    password = folder / "kafka password"
    password.write_text(keys.kafka_password + "\n", encoding="utf-8")
    basic = httpx.BasicAuth(keys.registry_user, keys.registry_password)
    header = next(basic.auth_flow(httpx.Request("GET", "http://x"))).headers["authorization"]
    base = here.registry.removesuffix("/apis/ccompat/v7")
    registry = stack.enter_context(gate(base, server, header))
    catalog = stack.enter_context(gate(here.catalog, server, f"Bearer {keys.catalog_token}"))
    flink = stack.enter_context(gate(here.flink, server, f"Bearer {keys.flink_token}"))
    gateway = stack.enter_context(gate(here.flink_gateway, server, f"Bearer {keys.flink_token}"))
    told = {
        "kafka": f"localhost:{engines.kafka_port}",
        "kafka_security": "SASL_SSL",
        "kafka_sasl_mechanism": "SCRAM-SHA-512",
        "kafka_user": keys.kafka_user,
        "kafka_password_file": str(password),
        "registry": f"{registry}/apis/ccompat/v7",
        "registry_user": keys.registry_user,
        "registry_password": keys.registry_password,
        "catalog": catalog,
        "catalog_token": keys.catalog_token,
        "flink": flink,
        "flink_gateway": gateway,
        "flink_token": keys.flink_token,
        "trino": f"https://localhost:{engines.trino_port}",
        "trino_user": keys.trino_user,
        "trino_password": keys.trino_password,
        "s3_endpoint": engines.store.endpoint,
        "s3_region": REGION,
        "s3_access_key": engines.store.access_key,
        "s3_secret_key": engines.store.secret_key,
        "ca_file": str(engines.authority.file),
        "data": str(folder / "own data"),
    }
    return {f"FLIGHTLIB_{name.upper()}": value for name, value in told.items()}
