"""What a database is asked: statements with the values they ran with, and how often.

Values are kept in memory only. They choose plans; nothing that is stored or shown holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .fingerprint import Kind
from .sightings import Location

Parameters = Sequence[Any] | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: ``sql`` and ``params`` as the driver got them, ``duration_ms`` None if unknown.

    ``params`` None means that ``sql`` has its values in it. Where they are not known, as in
    pg_stat_statements, ``chosen`` tells that others are in their place, which say how many rows
    match but not which; ``generic`` that none could be chosen: ``sql`` has $1 in it.
    """

    sql: str
    params: Parameters = None
    duration_ms: float | None = None
    generic: bool = False
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class WorkloadQuery:
    """All runs of one fingerprint. ``calls`` may be a frequency; ``total_ms`` is their time in the
    database, None where nobody measured it. The first sample is the slowest one known."""

    digest: str
    fingerprint: str
    kind: Kind
    samples: tuple[Sample, ...]
    calls: float = 1.0
    total_ms: float | None = None
    name: str = ""
    endpoints: tuple[str, ...] = ()
    location: Location | None = None
    #: The alias that was asked.
    database: str = "default"


@dataclass(frozen=True, slots=True)
class Workload:
    """``skipped`` are statements that could not be taken, each with the reason, in one line."""

    queries: tuple[WorkloadQuery, ...]
    skipped: tuple[str, ...] = field(default=())
