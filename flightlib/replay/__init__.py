"""Recordings: a topic kept in a file, and any recording of flights played back as if now."""

from flightlib.replay.player import Playing, Replay
from flightlib.replay.recorder import record
from flightlib.replay.recording import Recording

__all__ = ["Playing", "Recording", "Replay", "record"]
