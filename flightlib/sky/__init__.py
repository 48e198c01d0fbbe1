"""A believable, repeatable sky: position = f(flight, event time), with no clock and no Kafka.

    sky = Sky(flights=100, preset="us-domestic", seed=7)
    sky.at(time_ms)            # every live flight at a time, as arrays
    sky.reports(start_ms)      # the stream of reports, in the order of publication
    sky.disturb(Storm(...))    # from now on it is flown around, in streams that run too

How it is made, from the ground up:

    tables      airports, routes, aircraft types, operators
    routes      which airports are joined, and how busily
    parts       who flies how much of them
    network     who flies where
    rhythm      the day and the night
    timetable   when long flights leave
    tracks      the ways over the North Atlantic
    profile     heights and speeds of a leg
    steps       the levels of long legs
    offsets     ways beside a great circle
    itinerary   three days of an aircraft, from home to home
    turns       where a diverted flight turns away, and how
    events      cancellations and diversions
    disturb     ground delays, holdings, storms
    waits       how long these make aircraft wait
    bulges      smooth ways aside and back
    storms      how they lead aircraft aside
    holds       laps of a racetrack
    hops        what happens when, delays included
    plan        all of that for aircraft and days
    pieces      the formula that holds at a time
    cursor      all aircraft at once
    motion      where they are at a time
    reports     one report each
    delivery    what can happen to reports on their way
    way         the way of one stream's reports, disturbed or not
    stream      which reports are published, and when
    wire        a batch of them as bytes, written with `binary`
    ready       the stream, report by report or batch by batch
    marks       what a map shows of what disturbs it
    measures    figures as they are known of real traffic
    check       the sky's beside the real ones

One thing differs from nature: nobody flies in from outside a preset.
"""

from flightlib.sky.cursor import Columns
from flightlib.sky.delivery import Duplicates, Lateness, Outage, Poison, Surge
from flightlib.sky.disturb import GroundDelay, Holding, Storm
from flightlib.sky.geodesy import great_circle
from flightlib.sky.marks import Mark
from flightlib.sky.network import airports
from flightlib.sky.sky import Sky
from flightlib.sky.tables import PRESETS, Airport

__all__ = [
    "PRESETS",
    "Airport",
    "Columns",
    "Duplicates",
    "GroundDelay",
    "Holding",
    "Lateness",
    "Mark",
    "Outage",
    "Poison",
    "Sky",
    "Storm",
    "Surge",
    "airports",
    "great_circle",
]
