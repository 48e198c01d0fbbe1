"""A figure as something that can be kept or sent: an SVG picture, or its bare specification."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from lets_plot._type_utils import standardize_dict
from lets_plot.plot.core import PlotSpec

TAG = re.compile(r"<[^>]+>")
LONG_NUMBER = re.compile(r"(\d+\.\d{2})\d+")
"""Hundredths of a pixel are enough, and make a picture a third of the size. Not in words."""
SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)"')
WIDEST_PX = 840
"""JupyterLab shows a wider picture cut off, when its window is 1,280 pixels wide."""


def svg(figure: PlotSpec) -> str:
    """Draw a figure as SVG text: it needs no script, no kernel and no network."""
    drawn = TAG.sub(lambda tag: LONG_NUMBER.sub(r"\1", tag[0]), str(figure.to_svg()))
    return SIZE.sub(_fitting, drawn, count=1)


def _fitting(size: re.Match[str]) -> str:
    """Let a picture be shown no wider than a cell, and shrink where there is less room."""
    width, height = float(size[1]), float(size[2])
    shown = min(1.0, WIDEST_PX / width)
    return (
        f'width="{width * shown:.0f}" height="{height * shown:.0f}" '
        f'viewBox="0 0 {width:g} {height:g}" style="max-width:100%;height:auto"'
    )


def spec(figure: PlotSpec) -> dict[str, Any]:
    """Give a figure as plain dictionaries and lists, as Lets-Plot's own script takes it."""
    plain: dict[str, Any] = standardize_dict(figure.as_dict())
    return plain


def script() -> bytes:
    """Read Lets-Plot's own script from its package, so that no network is needed to draw."""
    return (files("lets_plot") / "package_data" / "lets-plot.min.js").read_bytes()
