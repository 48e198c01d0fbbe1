"""SSE fan-out: the same frames to more and more clients, by the backend and by nchan, by turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd
import psutil

from flightlib.crowd.limits import SPARE, streams_that_fit
from flightlib.kafka import now_ms
from flightlib.measure import nchan
from flightlib.measure.bench import Bench
from flightlib.measure.crowd import Crowd, Receipts
from flightlib.measure.figure import KAFKA, Figure, Found, Goal
from flightlib.measure.onair import on_air, publishing
from flightlib.measure.stages import thinned

STREAM = "/flights/sse"
STEPS = (100, 10, 2, 1)
"""The number of clients is divided by these, one after the other."""
FEW = 100
"""Steps of fewer clients than this are left out."""
SETTLE_S = 1.5
OURS, THEIRS = "flightlib", "nchan"
NOTES = (
    "From the frame encoded (flightlib) or posted (nchan) to its receipt, for all pairs of a frame "
    "and a client; each server is one process, and the clients have the other cores.",
    "CPU time is the server's, for one frame to one client, at the largest number of clients.",
)


@dataclass(frozen=True)
class Turn:
    """What was found of one server with so many clients."""

    clients: int
    latency_s: pd.Series[float]
    dropped: int
    behind: int
    memory_kb: float
    cpu_us: float


@dataclass
class Server:
    """One of the servers: where it listens, its first process, when it was given its frames."""

    name: str
    port: int
    path: str
    pid: int
    given_s: Callable[[Receipts], dict[int, float]]
    idle_kb: float = 0.0
    turns: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.idle_kb = self.memory_kb()

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.pid)
        return [first, *first.children()]

    def memory_kb(self) -> float:
        """Tell the memory of its processes."""
        return sum(one.memory_info().rss for one in self._processes()) / 1000

    def cpu_s(self) -> float:
        """Tell the CPU time that its processes have had."""
        times = [one.cpu_times() for one in self._processes()]
        return float(sum(one.user + one.system for one in times))

    def samples(self) -> pd.DataFrame:
        """Give server, clients, latency_s of all its turns."""
        rows = pd.concat(
            {turn.clients: pd.Series(thinned(turn.latency_s.to_numpy())) for turn in self.turns}
        )
        return pd.DataFrame(
            {
                "server": self.name,
                "clients": rows.index.get_level_values(0),
                "latency_s": rows.round(5).to_numpy(),
            }
        )


def measure(bench: Bench, clients: int = 10_000, flights: int = 100, seconds: float = 8.0) -> Found:
    """Measure how long a frame takes to each of its clients; each turn lasts so many seconds.

    The samples have server, clients, latency_s. If the machine does not let a process have so
    many files open, fewer clients are measured, and a note says so.
    """
    most = streams_that_fit(clients)
    with on_air(bench) as backend, publishing(backend, flights):
        ours = Server(OURS, backend.port, STREAM, backend.process.pid, _encoded_s)
        servers = [ours]
        with nchan.nchan(backend, STREAM, most + SPARE) as other:
            if other is not None:
                given_s = other.posted_s
                pid = other.process.pid
                servers.append(
                    Server(THEIRS, other.port, nchan.PATH, pid, lambda _receipts: given_s())
                )
            for size in _sizes(most):
                for server in servers:
                    server.turns.append(_turn(bench, server, size, seconds))
    return Found(
        pd.concat([server.samples() for server in servers], ignore_index=True),
        _numbers(*servers),
        {"clients that stayed": _stayed(ours), "clients that got each frame": _current(ours)},
        tuple(_notes(most, clients, len(servers) > 1)),
    )


def _sizes(most: int) -> list[int]:
    return sorted({most, *(most // step for step in STEPS if most // step >= FEW)})


def _turn(bench: Bench, server: Server, clients: int, seconds: float) -> Turn:
    bench.say(f"  {clients:,} clients of {server.name}")
    with Crowd(bench, server.port, [server.path] * clients) as crowd:
        crowd.join()
        time.sleep(bench.warm_s(SETTLE_S, seconds))
        begin_s, cpu_s = now_ms() / 1000, server.cpu_s()
        time.sleep(seconds)
        end_s, cpu_s, memory_kb = now_ms() / 1000, server.cpu_s() - cpu_s, server.memory_kb()
        receipts = crowd.leave()
    given_s = pd.Series(server.given_s(receipts), dtype=float)
    given_s = given_s[given_s.between(begin_s, end_s)].sort_index()
    latency_s = receipts.arrivals(list(given_s.index)) - given_s.to_numpy()
    late = pd.DataFrame(latency_s).isna().any(axis=1)
    late[list(receipts.gone)] = False
    return Turn(
        clients,
        pd.Series(latency_s.ravel()),
        len(receipts.gone),
        int(late.sum()),
        memory_kb,
        cpu_s / max(1, latency_s.size) * 1e6,
    )


def _encoded_s(receipts: Receipts) -> dict[int, float]:
    """Tell when the backend encoded each frame, as the frames say."""
    updates = receipts.events[receipts.events["update"] == 1]
    told = updates.drop_duplicates("seq")
    return dict(zip(told.seq.tolist(), (told.sent_ms / 1000).tolist(), strict=True))


def _stayed(server: Server) -> tuple[int, int]:
    everybody = sum(turn.clients for turn in server.turns)
    return everybody, everybody - sum(turn.dropped for turn in server.turns)


def _current(server: Server) -> tuple[int, int]:
    _, stayed = _stayed(server)
    return stayed, stayed - sum(turn.behind for turn in server.turns)


def _numbers(ours: Server, theirs: Server | None = None) -> dict[str, float]:
    found = {"dropped": float(sum(turn.dropped for turn in ours.turns))}
    for server in [ours, *([theirs] if theirs else [])]:
        last = server.turns[-1]
        found[f"{server.name}_client_kb"] = (last.memory_kb - server.idle_kb) / last.clients
        found[f"{server.name}_cpu_us"] = last.cpu_us
        for turn in server.turns:
            found[f"{server.name}_{turn.clients}_p50_s"] = float(turn.latency_s.median())
            found[f"{server.name}_{turn.clients}_p99_s"] = float(turn.latency_s.quantile(0.99))
    for turn in ours.turns if theirs else ():
        ours_s, theirs_s = (found[f"{n}_{turn.clients}_p99_s"] for n in (OURS, THEIRS))
        found[f"p99_ratio_{turn.clients}"] = ours_s / theirs_s
    return found


def _notes(most: int, wanted: int, compared: bool) -> Iterable[str]:
    yield from NOTES
    if not compared:
        yield nchan.INSTALL
    if most < wanted:
        yield (
            f"A process may have {most + SPARE:,} files open here, so {most:,} clients were "
            f"measured instead of {wanted:,}: raise the limit with `ulimit -n {wanted + SPARE}`."
        )


FIGURE = Figure(
    "fanout",
    "SSE fan-out, frames of 100 flights, beside nchan",
    measure,
    (
        Goal("dropped", "nobody dropped", most=0),
        *(
            Goal(f"p99_ratio_{size}", f"p99 no worse than nchan, {size:,} clients", most=1.0)
            for size in (100, 1000, 5000, 10_000)
        ),
    ),
    quick={"clients": 40, "flights": 20, "seconds": 1.0},
    needs=KAFKA,
)
