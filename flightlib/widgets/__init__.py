"""Live widgets: a stream joined to a picture, in a notebook cell."""

from flightlib.widgets.bars import LiveBars
from flightlib.widgets.map import LiveMap
from flightlib.widgets.snapshot import Snapshot

__all__ = ["LiveBars", "LiveMap", "Snapshot"]
