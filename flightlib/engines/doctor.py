"""What this machine has and lacks for the engines, one line each, with the fix."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import requests

from flightlib.engines import folder
from flightlib.engines.away import looked_at
from flightlib.engines.layout import bytes_needed, bytes_to_fetch, damaged, home, java
from flightlib.engines.manager import OPEN_FILES, Manager
from flightlib.engines.names import chosen, here, ports, with_files
from flightlib.engines.orphans import engine_processes
from flightlib.engines.ports import check_distinct, holder, taken_ports
from flightlib.errors import FlightlibError
from flightlib.flink import distribution_version
from flightlib.settings import Settings

PYTHONS = ((3, 10), (3, 12))
SYSTEMS = ("Linux", "Darwin")
# All engines under load take 3.6 GB; below 2 GB not even the map's engines run well.
MEMORY_GB, LEAST_MEMORY_GB = 4.0, 2.0
# Room for an hour of a large sky in Kafka and a day of it in the lake.
DATA_GB, LEAST_DATA_GB = 3.0, folder.LEAST_GB
LEAST_OPEN_FILES = 4096
_EARLIEST_S = 1735689600  # 1 January 2025: no machine that runs this is older
_NETWORK_S = 5.0


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and what to type if it will not do."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    fix: str = ""


def doctor(settings: Settings, names: Iterable[str] | None = None) -> list[Check]:
    """Look at the machine for the sake of some engines (all if none is named); start nothing.

    Raises SettingError for an unknown engine.
    """
    asked = chosen(names)
    engines = here(settings, asked)
    return [
        *(Check(name, *looked_at(settings, name)) for name in asked if name not in engines),
        python(),
        system(),
        memory(settings),
        *disk(settings, with_files(settings, engines)),
        *free_ports(settings, engines),
        open_files(),
        *files(settings, with_files(settings, engines)),
        flink(settings),
        leftovers(settings),
        clock(settings),
    ]


def python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """Check the version of Python."""
    low, high = PYTHONS
    allowed = f"{_dotted(low)} to {_dotted(high)}"
    if low <= version <= high:
        return Check("python", "ok", _dotted(version))
    fix = f"Make an environment with Python {allowed}: `conda env create -f environment.yml`."
    return Check("python", "fail", f"{_dotted(version)}; allowed: {allowed}", fix)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def system() -> Check:
    """Check the operating system."""
    found = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    if platform.system() in SYSTEMS:
        return Check("system", "ok", found)
    fix = "Use Linux or macOS; on Windows, work inside WSL."
    return Check("system", "fail", found, fix)


def memory(settings: Settings) -> Check:
    """Check the memory that is free, or used by these engines already."""
    ours = sum(_rss(p) for found in engine_processes(settings.data).values() for p in found)
    free = (psutil.virtual_memory().available + ours) / 1e9
    state = _grade(free, MEMORY_GB, LEAST_MEMORY_GB)
    fix = (
        f"All engines need {MEMORY_GB:.0f} GB: end programs, or `flightlib up kafka registry` only."
    )
    return Check("memory", state, f"{free:.1f} GB free for engines", "" if state == "ok" else fix)


def _grade(found: float, enough: float, least: float) -> Literal["ok", "warn", "fail"]:
    if found >= enough:
        return "ok"
    return "warn" if found >= least else "fail"


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def disk(settings: Settings, engines: Iterable[str]) -> Iterator[Check]:
    """Check the room for the downloads and for the data."""
    needed = bytes_needed(settings, engines) / 1e9
    yield _room("cache", settings.cache, needed, needed)
    yield _room("data", settings.data, DATA_GB, LEAST_DATA_GB)


def _room(name: str, place: Path, enough: float, least: float) -> Check:
    variable = f"FLIGHTLIB_{name.upper()}"
    try:
        folder.check_name(variable, place)
    except FlightlibError as error:
        return Check(name, "fail", str(place), str(error))
    there = next(p for p in (place, *place.parents) if p.exists())
    if not there.is_dir():
        return Check(name, "fail", f"{there} is a file", f"Set {variable} to a folder.")
    free = shutil.disk_usage(there).free / 1e9
    found = f"{free:.1f} GB free in {place}"
    if not os.access(there, os.W_OK):
        return Check(name, "fail", f"{there} is not writable", f"Set {variable} to another folder.")
    state = _grade(free, enough, least)
    fix = f"{enough:.1f} GB are needed: free some, or set {variable} to a folder on another disk."
    return Check(name, state, found, "" if state == "ok" else fix)


def free_ports(settings: Settings, engines: tuple[str, ...]) -> list[Check]:
    """Check that each port is free, or held by our own engine."""
    try:
        check_distinct(settings, engines)
    except FlightlibError as error:
        return [Check("ports", "fail", "two are the same", str(error))]
    ours = engine_processes(settings.data)
    others = taken_ports(settings, [e for e in engines if e not in ours])
    needed = [port for engine in engines for port in ports(settings, engine).values()]
    if not others:
        numbers = ", ".join(map(str, sorted(needed))) or "none needed"
        return [Check("ports", "ok", f"{numbers}: free, or held by flightlib's own engines")]
    return [
        Check(
            "ports",
            "fail",
            f"{port}, which {engine} needs, is taken by {holder(port)}",
            f"End that program, or choose another port: `export {name}=NUMBER`.",
        )
        for engine, name, port in others
    ]


def open_files() -> Check:
    """Check how many files a process may open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return Check("open files", "ok", "unlimited")
    state = _grade(most, OPEN_FILES, LEAST_OPEN_FILES)
    fix = f"Raise the hard limit to {OPEN_FILES} (`ulimit -Hn`; /etc/security/limits.conf)."
    return Check("open files", state, f"at most {most}", "" if state == "ok" else fix)


def files(settings: Settings, engines: tuple[str, ...]) -> Iterator[Check]:
    """Check the engines' files, and the network if any of them are still to be fetched."""
    missing, broken = [], []
    for engine in engines:
        try:
            home(settings, engine), java(settings, engine)
            broken += damaged(settings, engine)
        except FlightlibError:
            missing.append(engine)
    size = bytes_to_fetch(settings, engines) / 1e6
    if broken:
        fix = "`flightlib up` fetches them again."
        more = f" and {len(broken) - 1} more" if broken[1:] else ""
        yield Check("files", "warn", f"damaged: {broken[0]}{more}", fix)
    elif missing:
        fetches = (
            f"fetches {size:.0f} MB, once" if size >= 1 else "unpacks them, and fetches nothing"
        )
        fix = f"`flightlib up` {fetches}."
        yield Check("files", "warn", f"not here yet: {', '.join(missing)}", fix)
    else:
        yield Check("files", "ok", "all engines are complete")
    yield network(settings) if size else Check("network", "ok", "not needed, all files are here")
    yield from runs_java(settings, [e for e in engines if e not in missing])


def network(settings: Settings) -> Check:
    """Check that the place the files come from answers."""
    base = settings.maven_repository
    try:
        requests.head(base, timeout=_NETWORK_S, allow_redirects=True)
    except requests.RequestException as error:
        fix = "Connect this machine, or set FLIGHTLIB_MAVEN_REPOSITORY to a mirror you can reach."
        wrong = isinstance(error, ValueError)  # no address at all
        found = "is not an https:// address" if wrong else "does not answer"
        return Check("network", "fail", f"{base} {found} ({type(error).__name__})", fix)
    return Check("network", "ok", f"{base} answers")


def runs_java(settings: Settings, engines: list[str]) -> Iterator[Check]:
    """Check that each Java runtime runs on this machine."""
    for program in sorted({java(settings, engine) for engine in engines}):
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        if done.returncode:
            fix = f"Delete {program.parents[1]} and type `flightlib up`."
            yield Check("java", "fail", f"{program} does not run: {said[0]}", fix)
        else:
            yield Check("java", "ok", said[0])


def flink(settings: Settings) -> Check:
    """Check the Flink distribution in this Python environment."""
    fix = f"`pip install apache-flink-libraries=={settings.flink_version}`"
    try:
        found = distribution_version()
    except FlightlibError as error:
        return Check("flink", "fail", str(error), fix)
    good = found == settings.flink_version
    return Check("flink", "ok" if good else "fail", f"distribution {found}", "" if good else fix)


def leftovers(settings: Settings) -> Check:
    """Check for engines that run with no process manager."""
    left = engine_processes(settings.data)
    if left and not Manager(settings).running():
        fix = "`flightlib up` starts them properly, `flightlib down` ends them."
        return Check("leftovers", "warn", f"nobody watches {', '.join(sorted(left))}", fix)
    return Check("leftovers", "ok", "none")


def clock(settings: Settings, now_s: float | None = None) -> Check:
    """Check that the clock is plausible: event time and checkpoints depend on it."""
    now = time.time() if now_s is None else now_s
    mark = settings.data / folder.OWN_MARK
    made = mark.stat().st_mtime if mark.exists() else 0.0
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < max(_EARLIEST_S, made - 60):
        fix = "Set the clock; the engines' data would seem to come from the future."
        return Check("clock", "fail", found, fix)
    return Check("clock", "ok", found)
