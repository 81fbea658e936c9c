"""Runs that are remembered with their values, so that their plans can be asked for afterwards.

What is kept is plain data, copied: nothing of the application lives longer for it, and nothing that
the application changes later changes it. It stays in memory and is in no serial form.
"""

from __future__ import annotations

import ipaddress
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from .core.workload import Parameters, Sample

#: Values, and characters or bytes of text in them, from which a run is not remembered.
MAX_VALUES = 5_000
MAX_TEXT = 20_000
MAX_SQL = 100_000
#: Different values of a group, counted, with which a run counts as typical: the last one wins.
TYPICAL = frozenset({2, 8, 32})

_SMALL = frozenset({int, float, bool, type(None)})
_USUAL = _SMALL | {str}
_FINAL = (date, time, timedelta, Decimal, UUID)
_ADDRESSES = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)


class Samples:
    """Of the runs of one group the slowest, the first, and one with other values."""

    __slots__ = ("first", "slowest", "typical")

    def __init__(self) -> None:
        self.first: Sample | None = None
        self.slowest: Sample | None = None
        self.typical: Sample | None = None

    def note_slowest(self, sql: str, params: Any, elapsed_ns: int) -> None:
        """A run that took longer than all before it; the first one does."""
        sample = sample_of(sql, params, elapsed_ns)
        if sample is not None:
            self.slowest = sample
            self.first = self.first or sample

    def note_typical(self, sql: str, params: Any, elapsed_ns: int) -> None:
        self.typical = sample_of(sql, params, elapsed_ns) or self.typical

    def all(self) -> tuple[Sample, ...]:
        """Each once, the slowest first."""
        kept = {id(s): s for s in (self.slowest, self.first, self.typical) if s is not None}
        return tuple(sorted(kept.values(), key=lambda sample: -(sample.duration_ms or 0.0)))


def sample_of(sql: str, params: Any, elapsed_ns: int) -> Sample | None:
    """The run as it can be kept; None for values that are too many or of an unknown kind."""
    if len(sql) > MAX_SQL:
        return None
    try:
        return Sample(sql, _copied(params), elapsed_ns / 1e6)
    except _CannotKeep:
        return None


class _CannotKeep(Exception):
    """A value is of a kind that is not known to be plain data, or all of them are too much."""


def _copied(params: Any) -> Parameters:
    if params is None:
        return None
    if type(params) is tuple and len(params) <= MAX_VALUES and _USUAL.issuperset(map(type, params)):
        texts = [len(value) for value in params if type(value) is str]
        if sum(texts) <= MAX_TEXT:
            return params
    copy = _Copy()
    if isinstance(params, dict):
        return {copy.text(name): copy.of(value) for name, value in params.items()}
    if isinstance(params, (list, tuple)):
        return tuple(map(copy.of, params))
    raise _CannotKeep


class _Copy:
    """Copies values while there is room."""

    def __init__(self) -> None:
        self._values = MAX_VALUES
        self._text = MAX_TEXT

    def of(self, value: Any) -> Any:
        self._values -= 1
        if self._values < 0:
            raise _CannotKeep
        kind = type(value)
        if kind in _SMALL or isinstance(value, (*_FINAL, *_ADDRESSES)):
            return value
        if isinstance(value, str):
            return self.text(value)
        if kind.__module__.startswith("psycopg"):
            return self._of_driver(kind, value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(self._sized(value))
        if isinstance(value, int):
            return int.__int__(value)
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if isinstance(value, tuple):
            return tuple(map(self.of, value))
        if isinstance(value, dict):
            return {self.of(name): self.of(item) for name, item in value.items()}
        raise _CannotKeep

    def text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise _CannotKeep
        # A plain string of one that is a choice, or marked as safe.
        return str.__str__(self._sized(value))

    def _sized(self, value: Any) -> Any:
        self._text -= len(value)
        if self._text < 0:
            raise _CannotKeep
        return value

    def _of_driver(self, kind: Any, value: Any) -> Any:
        """psycopg's own classes: numbers of a width, JSON, ranges."""
        if isinstance(value, (int, float)):
            return value
        if hasattr(value, "obj") and hasattr(value, "dumps"):
            return kind(self.of(value.obj), dumps=value.dumps)
        if hasattr(value, "lower_inc"):
            self.of(value.lower)
            self.of(value.upper)
            return value
        raise _CannotKeep
