"""Where a job's saved state stands in a topic: read from the checkpoint, which is the truth.

The offsets that a job commits to Kafka come a moment after its checkpoint, and not at all when it
fails in between. Who begins afresh at them may read reports a second time.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flightlib import kafka

_NO_END = re.escape(struct.pack(">q", -(2**63)))


def offsets_in(state: str | None, topic: str) -> dict[int, int] | None:
    """Tell the next offset of each partition in a checkpoint or savepoint; None if it cannot be.

    Flink writes each split of its Kafka source as topic, partition, offset and end, one after the
    other (`KafkaPartitionSplitSerializer` of the Kafka connector, version 0): once by the reader
    with the offset it has reached, once by the enumerator with the one it began at. With more than
    one source on the topic it cannot be told which is whose.
    """
    try:
        held = Path("/" + str(state).removeprefix("file:").lstrip("/"), "_metadata").read_bytes()
    except OSError:
        return None
    name = topic.encode()
    split = re.compile(
        re.escape(struct.pack(">H", len(name)) + name) + rb"(.{4})(.{8})" + _NO_END, re.DOTALL
    )
    found: dict[int, list[int]] = {}
    for match in split.finditer(held):
        (partition,), (offset,) = struct.unpack(">i", match[1]), struct.unpack(">q", match[2])
        found.setdefault(partition, []).append(offset)
    plain = all(len(offsets) == 2 and max(offsets) >= 0 for offsets in found.values())
    return {p: max(offsets) for p, offsets in found.items()} if found and plain else None


Stretch = Mapping[int, tuple[int, int]]


def stretches(start: Mapping[int, int], met: Sequence[kafka.Poison]) -> Iterator[Stretch]:
    """Cut what lies before and between poison into rounds, a stretch of each partition in each.

    A stretch is (first offset, offset after the last); one without anything is left as (n, n).
    """
    left = {p: sorted(m.offset for m in met if m.partition == p) for p in start}
    begin = dict(start)
    while any(left.values()):
        ends = {p: left[p].pop(0) if left[p] else None for p in start}
        yield {p: (begin[p], begin[p] if end is None else end) for p, end in ends.items()}
        begin |= {p: end + 1 for p, end in ends.items() if end is not None}
