"""What a live map drew and when, as noted in the browser: frames, and the reports in them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flightlib.measure.lab import Lab

# Every new frame on the screen brings an event; an age counts back from the frame's own time.
WATCH = """(each) => {
  const notes = { frames: [], reports: [], seen: new Map(), last: null };
  document.addEventListener('flightlib-frame', ({ detail }) => {
    const { frame, roster, ...times } = notes.last = detail;
    if (each) for (let row = 0; row < frame.rows; row += 1) {
      const told = Math.round(times.at_ms - frame.age[row] * 1000);
      if (notes.seen.get(frame.index[row]) === told) continue;
      notes.seen.set(frame.index[row], told);
      notes.reports.push([notes.frames.length, frame.index[row], told]);
    }
    notes.frames.push({ ...times, rows: frame.rows, newest_s: Math.min(...frame.age) });
  });
  globalThis.flightlibNotes = notes;
}"""
TAKE = """() => {
  const { frames, reports, last } = flightlibNotes;
  const ids = last && reports.length ? [...last.roster].map(([index, [id]]) => [index, id]) : [];
  flightlibNotes.frames = [];
  flightlibNotes.reports = [];
  return { frames, reports, ids };
}"""
LAST = """() => {
  const { at_ms, frame, roster } = flightlibNotes.last;
  return Array.from(frame.index, (index, row) =>
    [roster.get(index)?.[0], Math.round(at_ms - frame.age[row] * 1000)]);
}"""
TIMES = ("at_ms", "sent_ms", "heard_ms", "begun_ms", "drawn_ms")


class Drawn:
    """Notes of what the first live map of a page draws, from now on.

    With `each`, every report is noted when it is first on the screen; else the frames alone.
    """

    def __init__(self, lab: Lab, each: bool = False) -> None:
        self._lab = lab
        lab.page.evaluate(WATCH, each)

    def take(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give the frames and the reports since the last time, and forget them.

        Frames have the columns at_ms, sent_ms, heard_ms, begun_ms, drawn_ms, newest_ms (epoch) and
        rows; reports have flight_id, timestamp and frame, a row of the frames.
        """
        noted = self._lab.page.evaluate(TAKE)
        return frames_of(noted), reports_of(noted)

    def last(self) -> set[tuple[str, int]]:
        """Give what the last frame on the screen shows: flight_id and time of each report."""
        shown = self._lab.page.evaluate(LAST)
        return {(str(flight_id), int(told)) for flight_id, told in shown}


def frames_of(noted: dict[str, Any]) -> pd.DataFrame:
    """Lay out frames as they were noted; `newest_ms` is the time of the newest report in each."""
    table = pd.DataFrame(noted["frames"], columns=[*TIMES, "rows", "newest_s"])
    newest_ms = table["at_ms"] - table.pop("newest_s") * 1000
    table["newest_ms"] = newest_ms.astype(float).round()
    return table


def reports_of(noted: dict[str, Any]) -> pd.DataFrame:
    """Lay out reports as they were noted, each with its flight's name."""
    table = pd.DataFrame(noted["reports"], columns=["frame", "index", "timestamp"])
    names = {int(index): name for index, name in noted["ids"]}
    table["flight_id"] = table.pop("index").astype(int).map(names)
    return table
