"""`/metrics`: what the backend counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector, CollectorRegistry

from flightlib.backend.access import Took
from flightlib.backend.answers import Answers
from flightlib.backend.channel import Channel
from flightlib.backend.streams import Seats

Read = Callable[[Channel], float]

GAUGES: dict[str, tuple[str, Read]] = {
    "flightlib_kafka_up": ("1 while Kafka can be read.", lambda c: c.state.kafka == "up"),
    "flightlib_clients": ("Open streams.", lambda c: c.clients),
    "flightlib_flights": ("Flights in the picture.", lambda c: len(c.hub.entries)),
    "flightlib_lag_reports": ("Reports in Kafka that are not read yet.", lambda c: c.lag),
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
    "flightlib_frames_missed": (
        "Times a client had not taken a frame in time and got a snapshot instead.",
        lambda c: c.missed,
    ),
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
        yield self._positions()
        yield self._to_frame()

    def _to_frame(self) -> Metric:
        text = "Seconds from a report's own time to its frame, of some of each frame's reports."
        metric = HistogramMetricFamily("flightlib_report_to_frame_seconds", text, labels=["topic"])
        for channel in self._channels:
            seen = channel.to_frame
            metric.add_metric([channel.topic], seen.cumulative(), seen.total)
        return metric

    def _positions(self) -> Metric:
        text = "Offset up to which a partition is read; what Kafka has beyond it is the lag."
        metric = GaugeMetricFamily("flightlib_next_offset", text, labels=["topic", "partition"])
        for channel in self._channels:
            for partition, offset in sorted(channel.position.items()):
                metric.add_metric([channel.topic, str(partition)], offset)
        return metric


OUTCOMES = ("hit", "stale", "rows", "miss", "not_modified", "error")
REST_GAUGES: dict[str, tuple[str, Callable[[Answers], float]]] = {
    "flightlib_rest_waiting": ("Questions in the line before Trino.", lambda a: a.pool.waiting),
    "flightlib_rest_running": ("Queries that run on Trino.", lambda a: a.pool.running),
    "flightlib_rest_cached": ("Answers at hand.", lambda a: len(a.cache)),
    "flightlib_rest_cached_bytes": ("Memory they take, about.", lambda a: a.cache.bytes_held),
}


class AnswerCollector(Collector):
    """Reads what the REST part counts when Prometheus asks."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def collect(self) -> Iterator[Metric]:
        """Yield the answers by how they were come by, the queries, and what goes on now."""
        given = CounterMetricFamily(
            "flightlib_rest_answers", "Questions answered, by outcome.", labels=["outcome"]
        )
        for outcome in OUTCOMES:
            given.add_metric([outcome], self._answers.outcomes[outcome])
        yield given
        yield SummaryMetricFamily(
            "flightlib_trino_query_seconds",
            "Queries of the REST part on Trino, and the seconds they took.",
            count_value=self._answers.queries,
            sum_value=self._answers.query_s,
        )
        for name, (text, read) in REST_GAUGES.items():
            yield GaugeMetricFamily(name, text, read(self._answers))


@dataclass
class Counted:
    """What `/metrics` tells of."""

    channels: Iterable[Channel]
    answers: Answers
    seats: Seats
    took: Took
    committed_ms: int | None = None
    """When what REST answers from was committed; None if that is not known."""


class RequestCollector(Collector):
    """Reads what is counted of requests and clients when Prometheus asks."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        """Yield the requests by route and status, the seats, and how fresh REST answers are."""
        text = "Seconds from a request to its end, streams left out."
        labels = ["route", "status"]
        took = HistogramMetricFamily("flightlib_request_seconds", text, labels=labels)
        for (route, status), seen in list(self._counted.took.by.items()):
            took.add_metric([route, str(status)], seen.cumulative(), seen.total)
        yield took
        seats = self._counted.seats
        text = "Streams that may be open at once."
        yield GaugeMetricFamily("flightlib_clients_limit", text, seats.limit)
        text = "Streams refused because all were taken."
        yield CounterMetricFamily("flightlib_clients_refused", text, seats.refused)
        text = "When the newest commit that REST answers from was made; missing if unknown."
        newest = GaugeMetricFamily("flightlib_rest_commit_timestamp_seconds", text, labels=[])
        if self._counted.committed_ms is not None:
            newest.add_metric([], self._counted.committed_ms / 1000)
        yield newest


def registry(counted: Counted) -> CollectorRegistry:
    """Make a registry of its own: two backends in one process do not mix."""
    own = CollectorRegistry()
    own.register(ChannelCollector(counted.channels))
    own.register(AnswerCollector(counted.answers))
    own.register(RequestCollector(counted))
    ProcessCollector(registry=own)
    return own
