"""A live map in a real browser but without kernel and engines: frames fed by hand."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from flightlib import charts
from flightlib.sky import Mark
from flightlib.widgets import assets
from flightlib.widgets.aircraft import Aircraft

T = 1_764_000_000_000
FLIGHT = {
    "flight_id": "A",
    "latitude": 45.0,
    "longitude": -75.0,
    "heading": 90.0,
    "altitude": 36_000,
    "status": "ON_TIME",
    "phase": "CRUISE",
    "timestamp": T,
}
BEGIN = """async ({app, setup}) => {
  const mod = await import(URL.createObjectURL(new Blob([app], {type: 'text/javascript'})));
  const store = {setup, roster: new Map(), latest: null, heard: performance.now(), frames: 0,
    freshness: {state: 'live', flights: 1, reports_per_s: 1, age_s: 0.5, at: performance.now()},
    views: new Set(), send() {}};
  globalThis.feed = ({message, packed}) => {
    for (const [index, ...row] of message.roster) store.roster.set(index, row);
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    store.latest = {...message, buffer: new DataView(bytes.buffer)};
    store.frames += 1;
    globalThis.drawn?.changed('frame');
  };
  globalThis.begin = () => (globalThis.drawn = mod.map(store, document.getElementById('cell')));
}"""
PIXELS = """() => {
  const canvas = document.querySelector('.flightlib-sky');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
}"""
DATA = "({...document.querySelector('.flightlib').dataset})"


class Page:
    """A map in a page, fed by a test."""

    def __init__(self, page: Any) -> None:
        self.page, self.failures = page, []
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        page.set_content("<body><div id='cell' style='width:900px'></div></body>")
        page.add_script_tag(content=charts.script().decode())
        self._aircraft = Aircraft("us", "status")
        content = {"palettes": assets.palettes(), "theme": "dark", "height": 500}
        content |= {"css": assets.style(), **self._aircraft.content()}
        setup = orjson.loads(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY))
        app = "\n".join(assets.read(f"{name}.js") for name in assets.MODULES)
        page.evaluate(BEGIN, {"app": app, "setup": setup})

    def feed(self, *marks: Mark, flights: tuple[dict[str, Any], ...] = (FLIGHT,)) -> None:
        """Give the map a frame: one flight, or others."""
        named = {flight["flight_id"]: flight for flight in flights}
        message, (packed,) = self._aircraft.frame(named, T, marks)
        plain = orjson.loads(orjson.dumps(message))
        told = {"message": plain, "packed": base64.b64encode(packed).decode()}
        self.page.evaluate("(told) => feed(told)", told)

    def data(self, **wanted: str) -> dict[str, str]:
        """What the map says about itself, once it says what is wanted."""
        for _ in range(600):
            found: dict[str, str] = self.page.evaluate(DATA)
            if wanted.items() <= found.items():
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the map says {found}, not {wanted}")

    def drawn(self, kind: str) -> bool:
        """Whether the canvas has the colour of a kind of mark, as its label is written in it."""
        colour = bytes.fromhex(charts.palette("dark").mark[kind][1:])
        pixels = self.pixels()
        places = [i for i in range(0, len(pixels), 4) if pixels[i : i + 3] == colour]
        return len(places) > 10

    def pixels(self) -> bytes:
        """What is on the canvas: red, green, blue and alpha of each pixel of the device."""
        return base64.b64decode(self.page.evaluate(PIXELS))
