"""Follow one live stream of flights: the newest picture, how fresh it is, and reconnecting.

stream = Stream("/flights/sse", status="DELAYED").start()
stream.freshness        # flights, reports per second, age of the newest report, state
to_frame(stream.flights)
stream.stop()
"""

from flightlib.live.link import FILTERS
from flightlib.live.picture import COLUMNS, Flight, Freshness, Picture, State, to_frame
from flightlib.live.stream import Stream

__all__ = ["COLUMNS", "FILTERS", "Flight", "Freshness", "Picture", "State", "Stream", "to_frame"]
