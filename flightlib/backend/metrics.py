"""`/metrics`: what the backend counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from flightlib.backend.channel import Channel

Read = Callable[[Channel], float]

GAUGES: dict[str, tuple[str, Read]] = {
    "flightlib_kafka_up": ("1 while Kafka can be read.", lambda c: c.state.kafka == "up"),
    "flightlib_clients": ("Open streams.", lambda c: c.clients),
    "flightlib_flights": ("Flights in the picture.", lambda c: len(c.hub.entries)),
    "flightlib_reports_per_second": ("Reports over the last 5 s.", lambda c: c.per_s),
    "flightlib_newest_report_timestamp_seconds": (
        "Event time of the newest report, 0 before the first.",
        lambda c: (c.hub.newest_ms or 0) / 1000,
    ),
}
COUNTERS: dict[str, tuple[str, Read]] = {
    "flightlib_reports": ("Reports read from Kafka.", lambda c: c.reports),
    "flightlib_poison": ("Messages that are no flight reports.", lambda c: c.poison),
    "flightlib_frames": ("Frames encoded, each for all its clients.", lambda c: c.frames),
    "flightlib_frame_bytes": ("Bytes of frames encoded.", lambda c: c.frame_bytes),
}


class ChannelCollector(Collector):
    """Reads the channels' own counts when Prometheus asks."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._channels = list(channels)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with one sample per topic."""
        families = ((GaugeMetricFamily, GAUGES), (CounterMetricFamily, COUNTERS))
        for family, metrics in families:
            for name, (text, read) in metrics.items():
                metric = family(name, text, labels=["topic"])
                for channel in self._channels:
                    metric.add_metric([channel.topic], float(read(channel)))
                yield metric


def registry(channels: Iterable[Channel]) -> CollectorRegistry:
    """Make a registry of its own: two backends in one process do not mix."""
    own = CollectorRegistry()
    own.register(ChannelCollector(channels))
    return own
