"""What a widget's picture is made of in the browser, packed to travel as messages.

The notebook itself keeps only the small boot script; Lets-Plot's script (2.9 MB), the drawing
code and the ground come as gzipped buffers, so that nothing of it is saved in a notebook.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from flightlib import charts

MODULES = (
    *("geo", "frames", "theme", "figure", "layer", "marks", "fleet", "outlines", "gestures"),
    *("card", "legend", "status", "lake", "plain", "plot", "sorting", "table", "panel"),
    *("ground", "map", "flights", "density", "app"),
)
"""The drawing code, joined into one module in this order."""
STYLES = ("map", "plain")


def read(name: str) -> str:
    """Read one script or style sheet of the widgets."""
    return (files("flightlib.widgets") / "js" / name).read_text(encoding="utf-8")


def pack(content: bytes) -> bytes:
    """Compress for the way to the browser."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def name_of(packed: bytes) -> str:
    """Name a packed script by its content, so that a page loads each version once."""
    return hashlib.sha256(packed).hexdigest()[:16]


def style() -> str:
    """Read what the widgets look like."""
    return "\n".join(read(f"{name}.css") for name in STYLES)


@cache
def plot_script() -> bytes:
    """Pack Lets-Plot's own script: the one in its package, never one from the network."""
    return pack(charts.script())


@cache
def app_script() -> bytes:
    """Pack the widgets' drawing code."""
    return pack("\n".join(read(f"{name}.js") for name in MODULES).encode())


def payload(content: dict[str, Any]) -> bytes:
    """Pack what one kind of picture needs besides scripts: colours, ground, airports."""
    return pack(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY))


def palettes() -> dict[str, dict[str, Any]]:
    """Give the colours of both themes as plain dictionaries."""
    return {name: asdict(colours) for name, colours in charts.PALETTES.items()}
