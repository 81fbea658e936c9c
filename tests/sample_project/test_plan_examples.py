"""The pages whose detectors need plans, on as many rows as it takes to show in one."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from queryscope import inspect, record
from queryscope.conf import get_settings
from queryscope.explaining import explained

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite's plans have neither rows nor times"
    ),
]

NAMES = [
    "slow-query",
    "non-sargable",
    "deep-offset",
    "disk-sort",
    "row-misestimate",
    "stale-statistics",
]
#: Low, since ten thousand tasks are few: what costs a tenth of it in the plan is told.
SLOW_MS = 20
#: A machine may stand still in the midst of a query.
ATTEMPTS = 5


@pytest.fixture(scope="module", autouse=True)
def tracker(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("seed", stdout=io.StringIO())
        yield
        transaction.set_rollback(True)


def detectors(client, url: str) -> set[str]:
    with record(f"GET {url}") as trace:
        assert client.get(url).status_code == 200
    settings = replace(get_settings(), slow_query_ms=SLOW_MS)
    report = inspect(trace, settings=settings, plans=explained(trace.workload.queries))
    return {finding.detector for finding in report.findings}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_triggers_its_detector(client, name):
    assert name in detectors(client, f"/{name}/")


@pytest.mark.parametrize("name", NAMES)
def test_the_fixed_page_triggers_nothing(client, name):
    assert any(not detectors(client, f"/{name}/fixed/") for _ in range(ATTEMPTS))
