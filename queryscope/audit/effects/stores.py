"""Mail, files and cache entries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.files.storage import Storage
from django.core.mail.backends import locmem, smtp
from django.utils.module_loading import import_string

from ..fresh_caches import FreshCache
from .noted import Effect, Effects
from .taps import Call, Tap

_WRITES = (
    *("set", "add", "touch", "incr", "decr", "delete", "set_many", "delete_many", "clear"),
    *("incr_version", "decr_version"),
)
#: Of backends that have them.
_OTHER_WRITES = (
    *("delete_pattern", "expire", "pexpire", "expire_at", "pexpire_at", "persist", "lock"),
    *("sadd", "srem", "hset", "hdel", "zadd", "zrem"),
)
#: A transaction takes back what the first writes; the others keep nothing.
_TRACELESS = (BaseDatabaseCache, DummyCache, FreshCache)


def taps() -> Iterator[Tap]:
    # An audit puts the first one in place of the project's own.
    yield Tap(locmem.EmailBackend, "send_messages", "mail", partial(_mailed, "not sent"))
    yield Tap(smtp.EmailBackend, "send_messages", "mail", partial(_mailed, "sent"))
    for storage in _below(Storage):
        for name, what in (("save", "saved"), ("delete", "deleted")):
            if name in vars(storage):
                yield Tap(storage, name, "storage", partial(_filed, what))
    for backend in _backends():
        for name in (*_WRITES, *(f"a{name}" for name in _WRITES), *_OTHER_WRITES):
            # Where it is inherited from: Django compares a backend's methods with BaseCache's.
            owner = next((kind for kind in backend.__mro__ if name in vars(kind)), None)
            if owner is not None:
                yield Tap(owner, name, "cache", _cached)


def _below(kind: type[Any]) -> set[type[Any]]:
    return {kind}.union(*(_below(each) for each in kind.__subclasses__()))


def _backends() -> set[type[Any]]:
    found = set()
    for alias in caches:
        try:
            found.add(import_string(caches.settings[alias]["BACKEND"]))
        except (ImportError, KeyError):  # the request that uses it says so
            continue
    return {kind for kind in found if isinstance(kind, type) and not issubclass(kind, _TRACELESS)}


def _mailed(what: str, effects: Effects, call: Call) -> None:
    effects.note(Effect("mail", what, "message"), call.result or 0)


def _filed(what: str, effects: Effects, call: Call) -> None:
    effects.note(Effect("storage", what, "file"))


def _cached(effects: Effects, call: Call) -> None:
    cache = call.args[0]
    if call.result is False or isinstance(cache, _TRACELESS):
        return  # add() of what is there, delete() of what is not
    effects.note(Effect(f"cache {_alias(cache)}", counted="write"))


def _alias(cache: BaseCache) -> str:
    """The alias of a backend, or its class where somebody made it without one."""
    open_ones = caches._connections  # type: ignore[attr-defined]
    known = (alias for alias in caches if getattr(open_ones, alias, None) is cache)
    return next(known, type(cache).__name__)
