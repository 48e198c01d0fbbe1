"""nginx with nchan, the server to compare with: given the frames of our own stream."""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from flightlib.engines import free_ports
from flightlib.measure.onair import OnAir
from flightlib.settings import HOST

PROGRAMS = ("nginx", "/usr/sbin/nginx", "/opt/homebrew/bin/nginx")
MODULES = (
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/lib64/nginx/modules/ngx_nchan_module.so",
    "/usr/share/nginx/modules/ngx_nchan_module.so",
)
INSTALL = (
    "nginx with nchan is not installed, so nothing is compared: "
    "`apt-get install nginx libnginx-mod-nchan`."
)
PATH, PUBLISH = "/frames", "/publish"
READY_S = 30.0
CONFIG = """
load_module {module};
daemon off;
user {user};
# One process with one core, as the backend is.
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port} backlog=4096;
    location = {publish} {{
      nchan_publisher;
      nchan_channel_id frames;
      nchan_message_buffer_length 1;
      client_max_body_size 64m;
      client_body_buffer_size 8m;
    }}
    location = {path} {{
      nchan_subscriber eventsource;
      nchan_channel_id frames;
      nchan_subscriber_first_message newest;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Nchan:
    """nginx with nchan as it runs; `posted` has a line for each frame: seq and epoch seconds."""

    process: subprocess.Popen[bytes]
    port: int
    posted: Path

    def posted_s(self) -> dict[int, float]:
        """Tell when each frame, by its seq, was given to it, epoch seconds."""
        lines = self.posted.read_text(encoding="utf-8").splitlines() if self.posted.exists() else []
        return {int(line.split()[0]): float(line.split()[1]) for line in lines}


def found() -> tuple[str, str] | None:
    """Find the program and the module; None when one of them is not installed."""
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    module = next((path for path in MODULES if Path(path).exists()), None)
    return (program, module) if program and module else None


@contextmanager
def nchan(backend: OnAir, path: str, files: int) -> Iterator[Nchan | None]:
    """Run it on a free port, and give it each frame of a stream; None if it is not installed.

    `files` is how many files it may have open.
    """
    installed, bench = found(), backend.bench
    if installed is None:
        yield None
        return
    folder = bench.folder / "nchan"
    folder.mkdir(exist_ok=True)
    (port,) = free_ports(1)
    running = Nchan(_start(installed, folder, port, files), port, folder / "posted")
    plan = folder / "relay.json"
    told = {"stream": (HOST, backend.port, path), "publish": (HOST, port, PUBLISH)}
    plan.write_text(json.dumps({**told, "posted": str(running.posted)}), encoding="utf-8")
    processes = [running.process]
    try:
        bench.until(lambda: _listens(running.process.pid), "nginx", READY_S)
        processes.insert(0, bench.process("flightlib.crowd.relay", str(plan), log="relay.log"))
        bench.until(running.posted_s, "the first frame for nchan", READY_S)
        yield running
    finally:
        bench.end(*processes)


def _start(
    installed: tuple[str, str], folder: Path, port: int, files: int
) -> subprocess.Popen[bytes]:
    program, module = installed
    config = folder / "nginx.conf"
    told = {"module": module, "user": getpass.getuser(), "files": files, "folder": folder}
    told["connections"] = 2 * files  # it begins to close those that are kept when few are left
    where = {"host": HOST, "port": port, "path": PATH, "publish": PUBLISH}
    config.write_text(CONFIG.format(**told, **where), encoding="utf-8")
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [program, "-p", str(folder), "-e", "stderr", "-c", str(config)], stdout=log, stderr=log
        )


def _listens(pid: int) -> bool:
    """Say whether the first process has begun the one that serves."""
    return psutil.pid_exists(pid) and len(psutil.Process(pid).children()) > 0
