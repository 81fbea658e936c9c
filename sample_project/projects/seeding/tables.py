"""What one seeded table is, and how large each becomes at a scale."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from django.db.models import Model


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for one model, in the order of `columns` (attribute names); `expected` feeds the bar."""

    model: type[Model]
    columns: tuple[str, ...]
    rows: Iterator[tuple]
    expected: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rows of everything: the defaults, times `scale`."""

    scale: float
    seed: int

    def size(self, at_scale_one: int) -> int:
        return max(1, round(at_scale_one * self.scale))

    def rng(self, name: str) -> Random:
        """A generator of its own for each table, so that one table does not move another."""
        return Random(f"{self.seed}:{name}")

    @property
    def users(self) -> int:
        return max(5, self.size(100))

    @property
    def projects(self) -> int:
        return self.size(1_000)

    @property
    def tasks(self) -> int:
        return self.size(10_000)
