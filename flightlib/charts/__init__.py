"""Pictures of flights, drawn by Lets-Plot: a table in, a figure out, and nothing else."""

from flightlib.charts.arrows import ON_GROUND
from flightlib.charts.bars import GROUPINGS, bars, counted_bars, counts
from flightlib.charts.base import VIEWS, airport_table, base_map, box_of
from flightlib.charts.budget import budget
from flightlib.charts.commits import OPERATIONS, commits
from flightlib.charts.density import (
    CELLS,
    cell_map,
    density,
    density_map,
    step_labels,
    stepped,
    tiles,
)
from flightlib.charts.flights import flight_map, points
from flightlib.charts.growth import fan_out, growth
from flightlib.charts.latency import latency_curves
from flightlib.charts.levels import levels
from flightlib.charts.lines import MOST_LINES, lines
from flightlib.charts.outline import Box
from flightlib.charts.palette import (
    COLOURINGS,
    PALETTES,
    Palette,
    colours,
    hue,
    label,
    palette,
    region_colours,
)
from flightlib.charts.render import script, spec, svg

__all__ = [
    "CELLS",
    "COLOURINGS",
    "GROUPINGS",
    "MOST_LINES",
    "ON_GROUND",
    "OPERATIONS",
    "PALETTES",
    "VIEWS",
    "Box",
    "Palette",
    "airport_table",
    "bars",
    "base_map",
    "box_of",
    "budget",
    "cell_map",
    "colours",
    "commits",
    "counted_bars",
    "counts",
    "density",
    "density_map",
    "fan_out",
    "flight_map",
    "growth",
    "hue",
    "label",
    "latency_curves",
    "levels",
    "lines",
    "palette",
    "points",
    "region_colours",
    "script",
    "spec",
    "step_labels",
    "stepped",
    "svg",
    "tiles",
]
