"""The colours of every picture, defined once: two themes, a colour per status, phase and hue.

Chosen so that people with a red or green deficiency can tell them apart (a test simulates it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from flightlib.errors import SettingError, not_allowed
from flightlib.records import REGION_DEGREES

ThemeName = Literal["dark", "light"]


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as #rrggbb."""

    sea: str
    panel: str  # behind words
    land: str
    coast: str
    border: str
    state: str
    ink: str  # text that must be read
    faint: str  # text that may be overlooked
    airport: str
    route: str
    status: Mapping[str, str]
    phase: Mapping[str, str]
    region: Mapping[str, str]  # by hue: there are more regions than colours
    density: tuple[str, ...]  # from few to many
    mark: Mapping[str, str]  # by what disturbs the sky; each has a dash of its own too


DARK = Palette(
    sea="#0a0f1e",
    panel="#0a0f1e",
    land="#1d2744",
    coast="#42527f",
    border="#4a5a88",
    state="#2f3b62",
    ink="#e8eef9",
    faint="#93a3c4",
    airport="#d5def2",
    route="#f8fafc",
    status={
        "ON_TIME": "#5eead4",
        "DELAYED": "#ffb224",
        "CANCELLED": "#ff5470",
        "DIVERTED": "#a78bfa",
    },
    phase={
        "TAXI": "#7c82a8",
        "CLIMB": "#6aa5ff",
        "CRUISE": "#5eead4",
        "DESCENT": "#ffb224",
        "LANDED": "#e0315f",
    },
    region={
        "0": "#7dd3fc",
        "1": "#dc2626",
        "2": "#fcd34d",
        "3": "#8b5cf6",
        "4": "#86efac",
        "5": "#0d9488",
    },
    density=("#3a489c", "#3f6fc4", "#2f9fce", "#3ccfae", "#b4e85c", "#fff6b0"),
    mark={
        "storm": "#8ab4ff",
        "holding": "#f9a8d4",
        "delay": "#fcd34d",
        "outage": "#cbd5e1",
        "surge": "#fb923c",
    },
)
LIGHT = Palette(
    sea="#b9d3e6",
    panel="#ffffff",
    land="#fbf9f2",
    coast="#6f8ea6",
    border="#a39f8f",
    state="#dcd8ca",
    ink="#16202c",
    faint="#55657a",
    airport="#3b4a5e",
    route="#16202c",
    status={
        "ON_TIME": "#00786c",
        "DELAYED": "#d97706",
        "CANCELLED": "#a3180f",
        "DIVERTED": "#5b3fd6",
    },
    phase={
        "TAXI": "#3b3866",
        "CLIMB": "#1d5fd1",
        "CRUISE": "#00786c",
        "DESCENT": "#d97706",
        "LANDED": "#7a1f1a",
    },
    region={
        "0": "#0ea5e9",
        "1": "#9d174d",
        "2": "#ea580c",
        "3": "#7c3aed",
        "4": "#f87171",
        "5": "#1e3a8a",
    },
    density=("#c3dfae", "#8acdb0", "#45aebb", "#2580b0", "#2b5399", "#2a2468"),
    mark={
        "storm": "#1d4fb8",
        "holding": "#b0186b",
        "delay": "#8a5a00",
        "outage": "#3f4a5a",
        "surge": "#b8420c",
    },
)
PALETTES: Mapping[str, Palette] = {"dark": DARK, "light": LIGHT}
WORDS = ("status", "phase")  # what has few values, each with a colour of its own
COLOURINGS = (*WORDS, "region")


def palette(theme: str) -> Palette:
    """Give the colours of a theme; raises SettingError for a theme that does not exist."""
    if theme not in PALETTES:
        raise SettingError(not_allowed("theme", theme, PALETTES))
    return PALETTES[theme]


def colours(theme: str, by: str) -> Mapping[str, str]:
    """Give the colour of every status, phase or hue of regions; raises SettingError for others."""
    if by not in COLOURINGS:
        raise SettingError(not_allowed("colour", by, COLOURINGS))
    chosen: Mapping[str, str] = getattr(palette(theme), by)
    return chosen


@lru_cache(maxsize=4096)  # more than there are regions on Earth
def hue(region: str | None) -> int:
    """Give the hue of a region such as "40_-75", another than its eight neighbours have.

    What is no region has hue -1.
    """
    try:
        south, west = (int(corner) // REGION_DEGREES for corner in str(region).split("_"))
    except ValueError:
        return -1
    return (west + 2 * south) % len(DARK.region)


def region_colours(theme: str, regions: Iterable[str]) -> Mapping[str, str]:
    """Give the colour of each of these regions."""
    chosen = palette(theme)
    return {name: chosen.region.get(str(hue(name)), chosen.faint) for name in regions}


def label(value: str, by: str = "status") -> str:
    """Write a status or phase as people do: ON_TIME becomes On time; all else stays as it is."""
    return value.replace("_", " ").capitalize() if by in WORDS else value
