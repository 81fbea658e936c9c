"""What django-redis and its kin offer beyond Django's cache API, for a cache in memory."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .fresh_caches import FreshCache


def keys(cache: FreshCache, search: str, version: int | None = None, **others: Any) -> list[str]:
    return list(iter_keys(cache, search, version=version))


def iter_keys(
    cache: FreshCache,
    search: str,
    itersize: int | None = None,
    client: Any = None,
    version: int | None = None,
) -> Iterator[str]:
    start = cache.make_key("", version)
    return (made.removeprefix(start) for made in _matching(cache, search, version))


def delete_pattern(
    cache: FreshCache, pattern: str, version: int | None = None, **others: Any
) -> int:
    found = _matching(cache, pattern, version)
    with cache._lock:
        return sum(1 for made in found if cache._delete(made))


def ttl(cache: FreshCache, key: str, version: int | None = None, client: Any = None) -> int | None:
    """Seconds; None is for ever, 0 for a key that is not there."""
    left = pttl(cache, key, version)
    return None if left is None else left // 1000


def pttl(cache: FreshCache, key: str, version: int | None = None, client: Any = None) -> int | None:
    """Milliseconds; None is for ever, 0 for a key that is not there."""
    if not cache.has_key(key, version):
        return 0
    end = cache._expire_info[cache.make_key(key, version)]
    return None if end is None else max(0, int((end - time.time()) * 1000))


def expire(
    cache: FreshCache, key: str, timeout: Any, version: int | None = None, client: Any = None
) -> bool:
    if isinstance(timeout, datetime.timedelta):
        timeout = timeout.total_seconds()
    return cache.touch(key, timeout, version)


def pexpire(
    cache: FreshCache, key: str, timeout: Any, version: int | None = None, client: Any = None
) -> bool:
    milliseconds = not isinstance(timeout, datetime.timedelta)
    return expire(cache, key, timeout / 1000 if milliseconds else timeout, version)


def expire_at(
    cache: FreshCache, key: str, when: Any, version: int | None = None, client: Any = None
) -> bool:
    if isinstance(when, datetime.datetime):
        when = when.timestamp()
    return cache.touch(key, when - time.time(), version)


def pexpire_at(
    cache: FreshCache, key: str, when: Any, version: int | None = None, client: Any = None
) -> bool:
    moment = isinstance(when, datetime.datetime)
    return expire_at(cache, key, when if moment else when / 1000, version)


def persist(cache: FreshCache, key: str, version: int | None = None, client: Any = None) -> bool:
    return cache.touch(key, None, version)


class Granted:
    """A lock that nobody else holds: nobody else knows of the cache."""

    def acquire(self, *args: Any, **kwargs: Any) -> bool:
        return True

    def release(self) -> None:
        """There is nobody to let in."""

    def locked(self) -> bool:
        return False

    owned = extend = reacquire = acquire

    def __enter__(self) -> Granted:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def lock(cache: FreshCache, *args: Any, **kwargs: Any) -> Granted:
    return Granted()


def _matching(cache: FreshCache, pattern: str, version: int | None) -> list[str]:
    made = cache.make_key(pattern, version)
    with cache._lock:
        there = [key for key in cache._cache if not cache._has_expired(key)]
    return [key for key in there if fnmatchcase(key, made)]


FORMS: dict[str, Callable[..., Any]] = {
    form.__name__: form
    for form in (
        *(keys, iter_keys, delete_pattern, ttl, pttl, expire, pexpire, expire_at, pexpire_at),
        *(persist, lock),
    )
}
