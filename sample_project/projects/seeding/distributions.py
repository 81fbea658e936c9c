"""How the sample data is spread: in time, and over the rows that others refer to."""

from array import array
from bisect import bisect
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

END = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=730)
START = END - SPAN
SECONDS = SPAN.total_seconds()


def timeline(rng: Random, count: int, growth: float = 0.7) -> array:
    """`count` ascending offsets from START in seconds; the first is 0, and later is busier.

    Rows written in this order have ids, times and places on disk that agree, as in a table that
    an application appended to.
    """
    offsets = array("d", (SECONDS * ((i + rng.random()) / count) ** growth for i in range(count)))
    if offsets:
        offsets[0] = 0.0
    return offsets


def moment(offset: float) -> datetime:
    return START + timedelta(seconds=int(offset))


class Popularity:
    """Picks indexes below `count`, few of them often (Zipf-Mandelbrot) and the older more often."""

    def __init__(self, rng: Random, count: int, flattening: float) -> None:
        order = sorted(range(count), key=lambda i: i * rng.random())
        weights = array("d", bytes(8 * count))
        for rank, index in enumerate(order):
            weights[index] = 1 / (rank + 1 + flattening)
        self._random = rng.random
        self._cumulative = array("d", accumulate(weights))

    def pick(self, among: int) -> int:
        """One of the first `among` indexes."""
        cumulative = self._cumulative
        # The product of two floats may round up to the last sum, hence the bound.
        return bisect(cumulative, self._random() * cumulative[among - 1], 0, among - 1)


class Weighted:
    """Picks one of a few values, each with its own weight."""

    def __init__(self, rng: Random, weights: dict) -> None:
        self._random = rng.random
        self._values = tuple(weights)
        self._cumulative = tuple(accumulate(weights.values()))

    def pick(self):
        position = bisect(self._cumulative, self._random() * self._cumulative[-1])
        return self._values[min(position, len(self._values) - 1)]
