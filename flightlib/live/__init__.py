"""Follow one live stream of flights, and ask the backend about the lake.

stream = Stream("/flights/sse", status="DELAYED").start()
stream.freshness        # flights, reports per second, age of the newest report, state
to_frame(stream.flights)
stream.stop()
read("/flights/regions", minutes=5)     # a table, as of the newest snapshot
"""

from flightlib.live.answers import Answer, Question, Refused, ask, read
from flightlib.live.link import FILTERS
from flightlib.live.picture import COLUMNS, Flight, Freshness, Picture, State, to_frame
from flightlib.live.poller import REST_PER_WORK, Poller
from flightlib.live.stream import Stream

__all__ = [
    "COLUMNS",
    "FILTERS",
    "REST_PER_WORK",
    "Answer",
    "Flight",
    "Freshness",
    "Picture",
    "Poller",
    "Question",
    "Refused",
    "State",
    "Stream",
    "ask",
    "read",
    "to_frame",
]
