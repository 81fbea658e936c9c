"""The last reports of a server, kept in one of Django's caches.

They share a ring of ``KEEP_REPORTS`` keys, so that their number is bounded and processes that share
the cache do not overwrite each other's. A cache in the database is never used: keeping a report
must not query what the report is about.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache

from .conf import Settings
from .core.findings import Report

logger = logging.getLogger("queryscope")

_PREFIX = "queryscope:recent"
_KEPT_S = 24 * 3600
#: A cache slower than this is left alone for a while, and so is one that fails.
_SLOW_S = 0.5
_PAUSE_S = 60.0


class _Pause:
    """Until when each cache is left alone, by alias, and which were complained about."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def holds(self, alias: str) -> bool:
        return time.monotonic() < self._until.get(alias, 0.0)

    def begin(self, alias: str, reason: str, error: Exception | None = None) -> None:
        with self._lock:
            self._until[alias] = time.monotonic() + _PAUSE_S
            told = alias in self._told
            self._told.add(alias)
        if not told:
            logger.warning(
                "queryscope keeps no reports for a while: the cache %r %s (said once)",
                alias,
                reason,
                exc_info=error,
            )

    def clear(self) -> None:
        with self._lock:
            self._until.clear()
            self._told.clear()


pause = _Pause()


def keep(report: Report, settings: Settings) -> None:
    """Keep a report for a day or until newer ones push it out. A fault of the cache ends here."""
    alias = settings.cache_alias
    if not settings.keep_reports or pause.holds(alias):
        return
    start = time.monotonic()
    try:
        cache = caches[alias]
        if isinstance(cache, (BaseDatabaseCache, DummyCache)):
            return
        slot = _count(cache) % settings.keep_reports
        entry = {"time": time.time(), "report": report.as_dict()}
        cache.set(f"{_PREFIX}:{slot}", entry, _KEPT_S)
    except Exception as error:  # each cache library raises errors of its own
        pause.begin(alias, f"failed: {type(error).__name__}", error)
        return
    took = time.monotonic() - start
    if took > _SLOW_S:
        pause.begin(alias, f"took {took:.1f} s")


def _count(cache: BaseCache) -> int:
    key = f"{_PREFIX}:count"
    try:
        return cache.incr(key)
    except ValueError:
        cache.add(key, 0, None)
        return cache.incr(key)


def reports(settings: Settings) -> list[dict[str, Any]]:
    """The kept reports, newest first: ``{"time": seconds since the epoch, "report": …}``.

    Raises what the cache raises; empty where none are kept.
    """
    cache = caches[settings.cache_alias]
    if isinstance(cache, BaseDatabaseCache):
        return []
    found = cache.get_many([f"{_PREFIX}:{slot}" for slot in range(settings.keep_reports)])
    return sorted(found.values(), key=lambda entry: -entry["time"])
