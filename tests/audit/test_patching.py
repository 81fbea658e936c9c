"""What is watched is put back as it was, and noted for whom it is."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
from asyncio import base_events
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from django.core.cache import CacheHandler, cache
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage
from django.core.mail.backends import locmem, smtp

from queryscope.audit import patching
from queryscope.audit.effects import taps
from queryscope.audit.effects import watch_effects as watch
from queryscope.audit.fresh_caches import fresh_caches
from queryscope.audit.patching import Patch, patched

pytestmark = pytest.mark.any_database

OWNERS = (
    *(socket, socket.socket, base_events.BaseEventLoop, subprocess.Popen, Storage, LocMemCache),
    *(FileSystemStorage, InMemoryStorage, locmem.EmailBackend, smtp.EmailBackend, BaseCache),
    CacheHandler,
)
WRITE = ("cache default: 1 write",)


@pytest.fixture(autouse=True)
def _as_they_were(settings: Any) -> Iterator[None]:
    """Whatever a test does, each owner has the same objects under the same names afterwards."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "patching",
        }
    }
    before = [dict(vars(owner)) for owner in OWNERS]
    yield
    cache.clear()
    after = [dict(vars(owner)) for owner in OWNERS]
    assert [set(each) for each in after] == [set(each) for each in before]
    for then, now in zip(before, after, strict=True):
        assert [name for name in then if then[name] is not now[name]] == []
    assert patching._held == {}
    assert (taps.watching.get(), taps._within.get()) == ((), frozenset())


def test_everything_is_put_back() -> None:
    with watch(), fresh_caches():
        held = [dict(vars(owner)) for owner in OWNERS]
    assert [owner for owner, then in zip(OWNERS, held, strict=True) if then == vars(owner)] == []


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, asyncio.CancelledError, SystemExit])
def test_after_an_exception(error: type[BaseException]) -> None:
    with pytest.raises(error), watch() as effects, fresh_caches():  # noqa: PT012
        cache.set("a", 1)
        raise error
    assert effects.told == ()
    assert not cache.has_key("a")


def test_blocks_within_one_another() -> None:
    with watch() as outer:
        cache.set("a", 1)
        with watch() as inner:
            cache.set("a", 1)
    assert (outer.told, inner.told) == (("cache default: 2 writes",), WRITE)


def test_blocks_that_overlap_in_threads() -> None:
    """The first to begin ends first, and both write while both are watched."""
    both, first_is_over = threading.Barrier(2), threading.Event()

    def work(first: bool) -> tuple[str, ...]:
        with watch() as effects:
            both.wait(10)
            cache.set("a", 1)
            both.wait(10)
            if not first:
                first_is_over.wait(10)
                cache.set("a", 2)
        if first:
            first_is_over.set()
        return effects.told

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(work, (True, False)))
    assert told == [WRITE, ("cache default: 2 writes",)]


async def test_blocks_that_overlap_in_tasks() -> None:
    both = asyncio.Barrier(2)

    async def work(times: int) -> tuple[str, ...]:
        with watch() as effects:
            await both.wait()
            for _ in range(times):
                await cache.aset("a", 1)
                await asyncio.sleep(0)
            await both.wait()
        return effects.told

    told = await asyncio.gather(work(1), work(2))
    assert told == [WRITE, ("cache default: 2 writes",)]


@pytest.mark.parametrize(
    ("inherits", "expected"), [(True, WRITE), (False, ())], ids=["with-context", "without"]
)
def test_threads_of_the_request(inherits: bool, expected: tuple[str, ...]) -> None:
    with watch() as effects, ThreadPoolExecutor(1) as pool:
        run = copy_context().run if inherits else lambda work: work()
        pool.submit(run, lambda: cache.set("a", 1)).result()
    assert effects.told == expected


def test_a_thread_that_outlives_its_request() -> None:
    over = threading.Event()
    with watch() as effects, watch(), fresh_caches():
        context = copy_context()

    def work() -> None:
        over.wait(10)
        with watch():
            cache.set("late", 1)

    thread = threading.Thread(target=context.run, args=(work,))
    thread.start()
    over.set()
    thread.join()
    assert effects.told == ()
    assert cache.get("late") == 1


class Owner:
    def method(self) -> str:
        return "method"

    @staticmethod
    def static() -> str:
        return "static"

    @property
    def read(self) -> str:
        return "read"

    attribute = "attribute"


def shout(function: Any) -> Any:
    return lambda *args: function(*args).upper()


def test_what_cannot_be_replaced_stays() -> None:
    names = ("static", "read", "attribute", "absent")
    with patched([Patch(Owner, name, shout) for name in names] + [Patch(str, "lower", shout)]):
        assert (Owner.static(), Owner().read, Owner.attribute) == ("static", "read", "attribute")
        assert "A".lower() == "a"
    assert not hasattr(Owner, "absent")


def test_what_another_has_put_there_since_stays() -> None:
    before = Owner.__dict__["method"]
    with patched([Patch(Owner, "method", shout)]):
        assert Owner().method() == "METHOD"
        theirs = Owner.method = lambda self: "theirs"  # type: ignore[method-assign]
    assert Owner.__dict__["method"] is theirs
    Owner.method = before  # type: ignore[method-assign]


def test_a_patch_that_fails_leaves_nothing() -> None:
    before = Owner.__dict__["method"]

    def fails(function: Any) -> Any:
        raise KeyError("fails")

    patches = [Patch(Owner, "method", shout), Patch(Owner, "__init__", fails)]
    with pytest.raises(KeyError, match="fails"), patched(patches):
        pytest.fail("the block is not entered")
    assert Owner.__dict__["method"] is before


def test_subclasses_still_find_what_they_inherit() -> None:
    with watch():
        assert LocMemCache.aget_many is BaseCache.aget_many
        assert LocMemCache.set_many is BaseCache.set_many
        assert asyncio.iscoroutinefunction(BaseCache.aset)
