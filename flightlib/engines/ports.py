"""Whether a port is free, and who holds it if not."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from contextlib import closing

import psutil

from flightlib.engines.names import ports
from flightlib.errors import MachineError, SettingError
from flightlib.settings import HOST, Settings

_TRIES = 200


def taken(port: int) -> bool:
    """Say whether an engine could not listen on this port of the loopback address."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as trial:
        # As servers do: a port in its quiet time after a close counts as free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return True
    # Some systems let one bind beside a listener on all interfaces.
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as caller:
        caller.settimeout(1.0)
        return caller.connect_ex((HOST, port)) == 0


def free_ports(count: int) -> list[int]:
    """Find neighbouring ports that nobody listens on, below those that systems lend out.

    Raises MachineError if there are none.
    """
    for _ in range(_TRIES):
        first = random.randrange(20_000, 31_000)
        numbers = list(range(first, first + count))
        if not any(taken(port) for port in numbers):
            return numbers
    raise MachineError(f"There are no {count} neighbouring free ports from 20000 to 31000.")


def holder(port: int) -> str:
    """Name who listens on a port, as far as this user may see it."""
    try:
        listeners = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        for pid in (c.pid for c in listeners if c.pid and c.laddr and c.laddr.port == port):
            return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        pass
    return "another program"


def taken_ports(settings: Settings, engines: Iterable[str]) -> list[tuple[str, str, int]]:
    """List engine, variable and number of each port that is needed and not free."""
    needed = [(e, name, port) for e in engines for name, port in ports(settings, e).items()]
    return [(engine, name, port) for engine, name, port in needed if taken(port)]


def check_distinct(settings: Settings, engines: Iterable[str]) -> None:
    """Raise SettingError if two of the engines' ports have the same number."""
    holders: dict[int, str] = {}
    for engine in engines:
        for name, port in ports(settings, engine).items():
            if other := holders.get(port):
                raise SettingError(
                    f"{other} and {name} are both {port}: set one of them to another free port."
                )
            holders[port] = name


def check(settings: Settings, engines: Iterable[str]) -> None:
    """Raise MachineError naming the first port that is taken, its holder and what to type."""
    for engine, name, port in taken_ports(settings, engines):
        raise _refusal(engine, name, port)


def check_published(settings: Settings, names: Iterable[str]) -> None:
    """Raise MachineError as `check` does, for ports by the names of their settings."""
    for name in names:
        if taken(port := getattr(settings, name)):
            raise _refusal("a container", f"FLIGHTLIB_{name.upper()}", port)


def _refusal(who: str, variable: str, port: int) -> MachineError:
    return MachineError(
        f"Port {port}, which {who} needs, is taken by {holder(port)}. "
        f"End that program, or choose another port with {variable}=NUMBER."
    )
