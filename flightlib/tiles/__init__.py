"""The engines' own pages as tiles of JupyterLab, where a browser cannot reach their ports.

On a JupyterHub, on Binder or behind SSH a browser reaches JupyterLab and nothing else.
`jupyter-server-proxy` (`pip install 'flightlib[hub]'`) finds the functions below by their entry
points and passes requests on: `flink/` to Flink's page, `trino/` to Trino's, `flightlib/` to the
backend. Nothing is started by a tile: the engines run already, or the page says that it cannot
connect, and `flightlib up` helps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from flightlib import settings

_HERE = Path(__file__).parent


class Answer(Protocol):
    """An answer on its way to the browser, as jupyter-server-proxy gives it to be changed."""

    body: bytes


def flink() -> dict[str, Any]:
    """Say where Flink's page is: jobs, checkpoints, back pressure."""
    return _page(settings.load().flink_port, "Flink", "flink/")


def trino() -> dict[str, Any]:
    """Say where Trino's page is: every query, its plan and its stages.

    Its scripts ask for `/ui/...` from the root of the site; behind a hub that is another place.
    """
    return {
        **_page(settings.load().trino_port, "Trino", "trino/ui/"),
        # A script that comes compressed cannot be changed on its way.
        "request_headers_override": {"Accept-Encoding": "identity"},
        "rewrite_response": relative_to_page,
    }


def backend() -> dict[str, Any]:
    """Say where the backend is: `/openapi.json`, `/healthz`, `/metrics`, and the answers."""
    entry = {"title": "Backend", "enabled": False}
    return {"port": settings.load().backend_port, "command": [], "launcher_entry": entry}


def relative_to_page(response: Answer, path: str) -> None:
    """Make the addresses in Trino's scripts start at its page instead of the root of the site."""
    if path.endswith(".js") and response.body:
        response.body = response.body.replace(b'"/ui/', b'"./').replace(b"'/ui/", b"'./")


def _page(port: int, title: str, place: str) -> dict[str, Any]:
    icon = _HERE / f"{title.lower()}.svg"
    return {
        "port": port,
        "command": [],  # it runs already
        "new_browser_tab": False,  # beside the notebook
        "launcher_entry": {"title": title, "path_info": place, "icon_path": str(icon)},
    }
