from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import InvalidCacheBackendError, cache, caches
from django.core.cache.backends import locmem
from django.core.cache.backends.dummy import DummyCache
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_page

from queryscope.audit.fresh_caches import fresh_caches
from queryscope.audit.requests import Requester
from queryscope.audit.sandbox import quiet_surroundings
from queryscope.proving.trial import Trial
from tests.testapp.models import Country

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
FILES = "django.core.cache.backends.filebased.FileBasedCache"
REDIS = "django_redis.cache.RedisCache"


def short_key(key: str, prefix: str, version: int) -> str:
    return f"{prefix}/{version}/{key}"


@pytest.fixture(autouse=True)
def _project(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.CACHES = {
        "default": {"BACKEND": LOCMEM, "LOCATION": "project"},
        "files": {"BACKEND": FILES, "LOCATION": str(tmp_path / "files")},
        "keyed": {
            "BACKEND": LOCMEM,
            "LOCATION": "keyed",
            "KEY_PREFIX": "site",
            "VERSION": 7,
            "KEY_FUNCTION": "tests.audit.test_fresh_caches.short_key",
            "TIMEOUT": None,
        },
        "none": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        # There is no server at that port: whoever asks it for something is told.
        "redis": {"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1:1/0"},
        "missing": {"BACKEND": "nowhere.Cache"},
    }
    yield
    for alias in ("default", "files", "keyed"):
        caches[alias].clear()


# --- the project's own


@pytest.mark.parametrize("alias", ["default", "files"])
def test_empty_each_time_and_the_project_s_own_afterwards(alias: str) -> None:
    own = caches[alias]
    own.set("a", "own")
    for _ in range(2):
        with fresh_caches() as fresh:
            assert caches[alias] is caches[alias] is not own
            assert caches[alias].get("a") is None
            caches[alias].set("a", "fresh")
            caches[alias].set("b", "fresh")
            assert caches[alias].get_many(["a", "b"]) == {"a": "fresh", "b": "fresh"}
        assert fresh.passed == ()
    assert caches[alias] is own
    assert (own.get("a"), own.get("b")) == ("own", None)


def test_nothing_of_it_is_kept(settings: Any) -> None:
    settings.CACHES = {**settings.CACHES, "of-this-test": {"BACKEND": LOCMEM, "LOCATION": "kept"}}
    caches["of-this-test"].set("a", 1)
    before = {name: dict(getattr(locmem, name)) for name in ("_caches", "_expire_info", "_locks")}
    configured = caches.settings
    connections = caches._connections  # type: ignore[attr-defined]
    with fresh_caches():
        caches["of-this-test"].set("b", 2)
        assert caches.settings is configured
    assert caches._connections is connections  # type: ignore[attr-defined]
    assert {name: dict(getattr(locmem, name)) for name in before} == before


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_after_an_exception(error: type[BaseException]) -> None:
    own = caches["default"]
    with pytest.raises(error), fresh_caches():
        raise error
    assert caches["default"] is own


def test_within_one_another() -> None:
    with fresh_caches():
        cache.set("a", 1)
        with fresh_caches():
            assert not cache.has_key("a")
        assert cache.get("a") == 1


def test_other_threads_go_on_with_their_own() -> None:
    cache.set("a", "own")

    def seen() -> Any:
        return cache.get("a")

    with fresh_caches(), ThreadPoolExecutor(1) as pool:
        cache.set("a", "fresh")
        assert pool.submit(seen).result() == "own"
        assert pool.submit(copy_context().run, seen).result() == "fresh"
        assert async_to_sync(cache.aget)("a") == "fresh"


def test_a_thread_that_outlives_the_block_has_the_project_s_own() -> None:
    cache.set("a", "own")
    with fresh_caches():
        cache.set("a", "fresh")
        context = copy_context()
    # Another block holds the patch meanwhile.
    with fresh_caches(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(context.run, lambda: cache.get("a")).result() == "own"


def test_keys_versions_and_timeouts() -> None:
    own = caches["keyed"]
    with fresh_caches():
        keyed: Any = caches["keyed"]
        assert (keyed.key_prefix, keyed.version, keyed.default_timeout) == ("site", 7, None)
        assert keyed.make_key("a") == own.make_key("a") == "site/7/a"
        keyed.set("a", 1)
        assert (keyed.get("a", version=7), keyed.get("a", version=8)) == (1, None)
        assert keyed.incr_version("a") == 8
        assert (keyed.get("a"), keyed.get("a", version=8)) == (None, 1)
        keyed.set("gone", 1, timeout=0)
        assert not keyed.has_key("gone")


def test_any_number_of_entries_and_any_key() -> None:
    with fresh_caches():
        cache.set_many({f"a key with spaces, {n}": n for n in range(1_000)})
        assert sum(cache.get_many([f"a key with spaces, {n}" for n in range(1_000)]).values())
        assert len(cache._cache) == 1_000  # type: ignore[attr-defined]


def test_one_that_keeps_nothing_stays() -> None:
    with fresh_caches():
        assert type(caches["none"]) is DummyCache


@pytest.mark.parametrize(
    ("alias", "message"),
    [("missing", "Could not find backend"), ("unheard", "doesn't exist")],
)
def test_one_that_is_not_there_says_so_as_ever(alias: str, message: str) -> None:
    with fresh_caches(), pytest.raises(InvalidCacheBackendError, match=message):
        caches[alias]


# --- what django-redis has beside


NOW = datetime.datetime.now(datetime.UTC)
HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda c: c.set("z", 1), True),
        (lambda c: c.set("z", 1, nx=True), True),
        (lambda c: c.set("a1", 9, nx=True), False),
        (lambda c: c.set("z", 1, xx=True), False),
        (lambda c: [c.set("a1", 9, 60, xx=True), c.get("a1"), c.ttl("a1") > 50], [True, 9, True]),
        (lambda c: sorted(c.keys("a*")), ["a1", "a2"]),
        (lambda c: sorted(c.iter_keys("*")), ["a1", "a2", "b"]),
        (lambda c: next(c.iter_keys("b", itersize=10)), "b"),
        (lambda c: c.keys("a*", version=2), []),
        (lambda c: [c.delete_pattern("a*"), c.keys("*")], [2, ["b"]]),
        (lambda c: [c.delete_pattern("c*", itersize=5), len(c.keys("*"))], [0, 3]),
        (lambda c: [c.ttl("nothing"), c.pttl("nothing")], [0, 0]),
        (lambda c: [c.persist("b"), c.ttl("b"), c.pttl("b")], [True, None, None]),
        (lambda c: [c.expire("b", 90), 80 < c.ttl("b") <= 90], [True, True]),
        (lambda c: [c.expire("b", HOUR), 3500 < c.ttl("b") <= 3600], [True, True]),
        (lambda c: [c.pexpire("b", 90_000), 80 < c.ttl("b") <= 90], [True, True]),
        (lambda c: [c.pexpire("b", HOUR), 3500 < c.ttl("b") <= 3600], [True, True]),
        (lambda c: [c.expire_at("b", NOW - HOUR), c.has_key("b")], [True, False]),
        (lambda c: [c.pexpire_at("b", NOW - HOUR), c.has_key("b")], [True, False]),
        (lambda c: [c.expire_at("b", 1), c.has_key("b")], [True, False]),
        (lambda c: [c.pexpire_at("b", 1), c.has_key("b")], [True, False]),
        (lambda c: c.expire("nothing", 90), False),
        (lambda c: [c.incr("a1"), c.decr("a1", 2)], [2, 0]),
        (lambda c: c.get_or_set("z", lambda: 5), 5),
        (lambda c: (c.clear(), c.keys("*"))[1], []),
    ],
)
def test_of_redis(work: Callable[[Any], Any], expected: Any) -> None:
    pytest.importorskip("django_redis")
    with fresh_caches() as fresh:
        caches["redis"].set_many({"a1": 1, "a2": 2, "b": 3})
        assert work(caches["redis"]) == expected
    assert fresh.passed == ()


def test_locks_of_redis() -> None:
    pytest.importorskip("django_redis")
    with fresh_caches() as fresh:
        with caches["redis"].lock("a", timeout=5) as lock:  # type: ignore[attr-defined]
            assert lock.owned()
        assert lock.acquire(blocking=False)
        lock.release()
    assert fresh.passed == ()


def test_what_has_no_form_is_asked_of_the_project_s_own() -> None:
    pytest.importorskip("django_redis")
    from django_redis import get_redis_connection

    with fresh_caches() as fresh:
        client = get_redis_connection("redis")
        assert client.connection_pool.connection_kwargs["port"] == 1
        assert not hasattr(caches["redis"], "unheard_of")
    assert fresh.passed == ("redis.client",)


@pytest.mark.parametrize("name", ["delete_pattern", "ttl", "lock", "client"])
def test_what_the_own_one_has_not_this_has_not(name: str) -> None:
    with fresh_caches() as fresh:
        assert not hasattr(cache, name)
    assert fresh.passed == ()


# --- the requests of a proof


def counted(request: Any) -> HttpResponse:
    return HttpResponse(cache.get_or_set("countries", Country.objects.count))


def whoever(request: Any) -> HttpResponse:
    request.session["seen"] = request.session.get("seen", 0) + 1
    return HttpResponse(f"{request.user} {request.session['seen']}")


async def counted_in_async(request: Any) -> HttpResponse:
    return HttpResponse(await cache.aget_or_set("countries", await Country.objects.acount()))


urlpatterns = [
    path("counted/", counted),
    path("async/", counted_in_async),
    path("page/", cache_page(60)(counted)),
    path("whoever/", whoever),
]


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize("url", ["/counted/", "/async/", "/page/"])
def test_no_request_of_a_proof_is_answered_from_a_cache(settings: Any, url: str) -> None:
    settings.ROOT_URLCONF = __name__
    with quiet_surroundings("localhost"):
        requester = Requester(None, ("default", "other"))

        def queries(trial: Trial | None) -> int:
            return requester.send("GET", url, url, trial=trial).trace.queries

        assert [queries(Trial()) for _ in range(3)] == [1, 1, 1]
        # As a visitor's, the second is: the first has filled the project's cache.
        assert [queries(None), queries(None)] == ([1, 1] if url == "/async/" else [1, 0])
        assert [queries(Trial()) for _ in range(2)] == [1, 1]


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_session_in_a_cache_lasts_for_its_request(settings: Any, boss: Any, engine: str) -> None:
    settings.ROOT_URLCONF = __name__
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    with quiet_surroundings("localhost"):
        requester = Requester(boss, ("default", "other"))
        for _ in range(2):
            answer = requester.send("GET", "/whoever/", "", trial=Trial())
            assert answer.response is not None
            assert (answer.problem, answer.response.body) == (None, b"boss 1")
    assert not cache._cache  # type: ignore[attr-defined]
    assert connection.connection is not None
