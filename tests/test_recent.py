from __future__ import annotations

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from queryscope import recent
from tests.serving import connections_of_threads, endpoints, fresh, records, reports  # noqa: F401  (fixtures)


def test_the_last_reports_are_kept_newest_first(settings):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "KEEP_REPORTS": 3}
    client = Client()
    for times in range(1, 8):
        client.get(f"/count/{times}/")
    assert [e["queries"] for e in endpoints()] == [7, 6, 5]


def test_no_report_is_kept_on_request(settings):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "KEEP_REPORTS": 0}
    Client().get("/count/1/")
    assert caches["default"]._cache == {}


@pytest.mark.parametrize("kind", ["db.DatabaseCache", "dummy.DummyCache"])
def test_a_cache_that_cannot_hold_them_is_left_alone(settings, caplog, kind):
    settings.CACHES = {
        "default": {"BACKEND": f"django.core.cache.backends.{kind}", "LOCATION": "cache_table"}
    }
    with CaptureQueriesContext(connection) as captured:
        assert Client().get("/count/1/").status_code == 200
    assert len(captured) == 1
    assert reports() == []
    assert not [r for r in records(caplog) if r.exc_info]


class FailingCache(LocMemCache):
    calls = 0

    def incr(self, *args, **kwargs):
        FailingCache.calls += 1
        raise ConnectionError("no route to cache")


class SlowCache(LocMemCache):
    calls = 0

    def set(self, *args, **kwargs):
        SlowCache.calls += 1
        recent.time.sleep(0.02)
        super().set(*args, **kwargs)


@pytest.mark.parametrize("kind", [FailingCache, SlowCache])
def test_a_cache_that_fails_or_is_slow_is_left_alone_for_a_while(
    settings, caplog, monkeypatch, kind
):
    monkeypatch.setattr(recent, "_SLOW_S", 0.01)
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.{kind.__name__}", "LOCATION": "bad"}}
    kind.calls = 0
    client = Client()
    for _ in range(5):
        assert client.get("/count/1/").status_code == 200
    assert kind.calls == 1
    assert ["reports" in record.getMessage() for record in records(caplog)].count(True) == 1


def test_a_cache_alias_that_does_not_exist_harms_nothing(settings, caplog):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "CACHE_ALIAS": "nowhere"}
    assert Client().get("/count/1/").status_code == 200
    assert len(records(caplog)) == 1


def test_reports_are_plain_data():
    Client().get("/count/1/")
    assert set(reports()[0]) >= {"version", "endpoints", "findings", "summary"}
