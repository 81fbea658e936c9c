"""Empty caches in memory in place of the project's own, so that no request is answered from one."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache

from .patching import Function, Patch, patched
from .redis_forms import FORMS

_DJANGO = "django.core.cache.backends."


class FreshCache(LocMemCache):
    """Empty at first, with the keys, versions and timeouts of the project's ``own`` backend.

    What else that backend can do has a form in memory where it is usual (``delete_pattern()``,
    ``ttl()``, ``lock()``), and is asked of the backend itself where it is not: ``passed`` is told.
    """

    def __init__(self, own: Any, passed: set[str], alias: str) -> None:
        # Not LocMemCache's own, which keeps the entries of all caches of a process for good.
        BaseCache.__init__(self, {})
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._expire_info: dict[str, float | None] = {}
        self._lock = threading.Lock()
        self._max_entries = sys.maxsize
        self._own, self._passed, self._alias = own, passed, alias
        for name in ("default_timeout", "key_prefix", "version", "key_func"):
            if hasattr(own, name):
                setattr(self, name, getattr(own, name))

    def make_key(self, key: Any, version: int | None = None) -> str:
        if isinstance(self._own, BaseCache):
            return self._own.make_key(key, version=version)
        return super().make_key(key, version=version)

    def validate_key(self, key: str) -> None:
        """Any key will do: one that the own backend refuses, it has refused before."""

    def set(  # type: ignore[override]
        self,
        key: Any,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
        client: Any = None,
        nx: bool = False,
        xx: bool = False,
    ) -> bool | None:
        """As Django's, and as django-redis's: ``nx`` sets what is not there, ``xx`` what is."""
        if nx:
            return self.add(key, value, timeout, version)
        if xx and not self.has_key(key, version):
            return False
        super().set(key, value, timeout, version)
        return None if type(self._own).__module__.startswith(_DJANGO) else True

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__.get("_own")
        if own is None or name.startswith("__"):
            raise AttributeError(name)
        if name in FORMS and hasattr(type(own), name):
            return partial(FORMS[name], self)
        found = getattr(own, name)
        self._passed.add(f"{self._alias}.{name}")
        return found


class Fresh:
    """The caches of one block. ``passed`` names what the project's own were asked for all the same:
    "default.client".
    """

    def __init__(self) -> None:
        self._passed: set[str] = set()
        self._caches: dict[str, FreshCache] = {}
        self._lock = threading.Lock()
        self._open = True

    @property
    def passed(self) -> tuple[str, ...]:
        return tuple(sorted(self._passed))

    def instead_of(self, own: Any, alias: str) -> Any:
        """The empty cache for an alias. One that keeps nothing, as DummyCache, stays as it is."""
        if not self._open or isinstance(own, DummyCache):
            return own
        with self._lock:
            if alias not in self._caches:
                self._caches[alias] = FreshCache(own, self._passed, alias)
            return self._caches[alias]

    def close(self) -> None:
        self._open = False


_fresh: ContextVar[Fresh | None] = ContextVar("queryscope_fresh_caches", default=None)


@contextmanager
def fresh_caches() -> Iterator[Fresh]:
    """Every alias of CACHES is an empty cache in memory, for the current context, in the block.

    The settings, the project's cache objects and their connections stay as they are, and other
    threads and contexts go on with them: only what ``caches[alias]`` returns is another. A backend
    that some module took from ``caches`` earlier and kept is not replaced.
    """
    fresh = Fresh()
    before = _fresh.get()
    with patched([Patch(CacheHandler, "__getitem__", _around)]):
        _fresh.set(fresh)
        try:
            yield fresh
        finally:
            _fresh.set(before)
            fresh.close()


def _around(getitem: Function) -> Function:
    def __getitem__(self: CacheHandler, alias: str) -> Any:
        own = getitem(self, alias)
        fresh = _fresh.get()
        return own if fresh is None or self is not caches else fresh.instead_of(own, alias)

    return __getitem__
