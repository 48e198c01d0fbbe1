"""`python -m flightlib`: the command line."""

from flightlib.cli import app

app(prog_name="flightlib")
