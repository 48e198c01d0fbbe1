"""The backend's own `/metrics`, read back: values, counts, and quantiles of its histograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from flightlib.errors import StreamError

ANSWER_S = 2.0

Labels = tuple[tuple[str, str], ...]
Counts = Mapping[float, float]
"""How many values were not larger than each bound."""


@dataclass(frozen=True)
class Backend:
    """What `/metrics` said, by name and labels."""

    samples: Mapping[str, Mapping[Labels, float]]

    def value(self, name: str, **labels: str) -> float | None:
        """Give one value; None if there is no such one."""
        return self.samples.get(name, {}).get(_labels(labels))

    def total(self, name: str) -> float:
        """Add a metric up over all its labels."""
        return sum(self.samples.get(name, {}).values())

    def labels(self, name: str, label: str) -> list[str]:
        """List what a label of a metric is, in order."""
        found = (dict(labels).get(label, "") for labels in self.samples.get(name, {}))
        return sorted(set(found))

    def counts(self, name: str, **labels: str) -> Counts:
        """Give a histogram's cumulative counts, of all samples that have these labels, added up."""
        told: dict[float, float] = {}
        for found, value in self.samples.get(f"{name}_bucket", {}).items():
            own = dict(found)
            bound = float(own.pop("le"))
            if all(own.get(label) == wanted for label, wanted in labels.items()):
                told[bound] = told.get(bound, 0.0) + value
        return told


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def read(text: str) -> Backend:
    """Read Prometheus' text format. Pure."""
    samples: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[_labels(sample.labels)] = sample.value
    return Backend(samples)


def ask(url: str) -> Backend:
    """Ask a backend for its metrics. Raises StreamError when nobody answers, or no backend."""
    try:
        with httpx.Client(trust_env=False, verify=False, timeout=ANSWER_S) as client:
            answer = client.get(f"{url}/metrics")
    except (httpx.HTTPError, httpx.InvalidURL):
        raise StreamError(
            f"No backend is answering on {urlsplit(url).netloc or url}. Start one with "
            "`flightlib serve`, or name one with `--backend URL`."
        ) from None
    try:
        found = read(answer.text) if answer.is_success else Backend({})
    except ValueError:
        found = Backend({})
    if "flightlib_clients_limit" not in found.samples:
        raise StreamError(f"{url} is no backend of flightlib. Name one with `--backend URL`.")
    return found


def since(before: Counts, now: Counts) -> Counts:
    """Give the counts of what came between; of all there is after a restart of the backend."""
    told = {bound: count - before.get(bound, 0.0) for bound, count in now.items()}
    return now if any(count < 0 for count in told.values()) else told


def quantile(share: float, counts: Counts) -> float | None:
    """Estimate the value that a share of all is not above, as Prometheus does; None for nothing.

    Between two bounds values are taken to be evenly spread; above the last one it is that bound.
    """
    bounds = sorted(counts)
    if not bounds or not counts[bounds[-1]]:
        return None
    rank, low, below = share * counts[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= rank and counts[bound] > below:
            if bound == float("inf"):
                return low
            return low + (bound - low) * (rank - below) / (counts[bound] - below)
        low, below = bound, counts[bound]
    return low
