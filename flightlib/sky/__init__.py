"""A believable, repeatable sky: position = f(flight, event time), with no clock and no Kafka.

    sky = Sky(flights=100, region="us", seed=7)
    sky.at(time_ms)            # every live flight at a time, as arrays
    sky.reports(start_ms)      # the stream of reports, in the order of publication

How it is made, from the ground up:

    tables      airports, routes, aircraft types, operators
    routes      which airports are joined, and how busily
    network     who flies where
    profile     heights and speeds of a leg
    itinerary   three days of an aircraft, from home to home
    events      cancellations and diversions
    hops        what happens when, delays included
    pieces      the formula that holds at a time
    offsets     ways beside a great circle
    cursor      all aircraft at once
    reports     one report each

Two things differ from nature, so that a demo has something to show at any hour: traffic is the
same by day and by night, and nobody flies in from outside the region.
"""

from flightlib.sky.cursor import Columns
from flightlib.sky.geodesy import great_circle
from flightlib.sky.network import airports
from flightlib.sky.sky import Sky
from flightlib.sky.tables import REGIONS, Airport

__all__ = ["REGIONS", "Airport", "Columns", "Sky", "airports", "great_circle"]
