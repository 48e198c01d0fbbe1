"""The colours of every picture, defined once: two themes, one colour per status and phase.

Chosen so that people with a red or green deficiency can tell them apart (a test simulates it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flightlib.errors import SettingError, not_allowed

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
)
PALETTES: Mapping[str, Palette] = {"dark": DARK, "light": LIGHT}
COLOURINGS = ("status", "phase")


def palette(theme: str) -> Palette:
    """Give the colours of a theme; raises SettingError for a theme that does not exist."""
    if theme not in PALETTES:
        raise SettingError(not_allowed("theme", theme, PALETTES))
    return PALETTES[theme]


def colours(theme: str, by: str) -> Mapping[str, str]:
    """Give the colour of every status or phase; raises SettingError for another `by`."""
    if by not in COLOURINGS:
        raise SettingError(not_allowed("colour", by, COLOURINGS))
    chosen = palette(theme)
    return chosen.status if by == "status" else chosen.phase


def label(value: str) -> str:
    """Write a status or phase as people do: ON_TIME becomes On time."""
    return value.replace("_", " ").capitalize()
