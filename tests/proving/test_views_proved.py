"""Views of every kind, audited with proof: templates, serializers, forms, feeds, the admin."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from queryscope.audit.progress import Progress
from queryscope.audit.run import Options, audit
from queryscope.conf import get_settings
from queryscope.core.findings import Report

pytestmark = pytest.mark.django_db(databases=["default", "other"])


def audited(*urls: str, **options: Any) -> Report:
    get_user_model().objects.create_superuser("boss", "boss@example.com", "pw")
    chosen = Options(settings=get_settings(), urls=urls, proof=True, **options)
    return audit(chosen, Progress(io.StringIO())).report


#: Queries of an endpoint as it is, and with all that was proven.
PROVEN = {
    "GET /admin/testapp/author/": (22, 8),
    "GET /admin/testapp/book/": (23, 9),
    "GET /admin/testapp/review/": (18, 8),
    "GET /authors/": (8, 3),
    "GET /available/": (11, 6),
    "GET /book/{pk}/": (6, 5),
    "GET /books/": (11, 6),
    "GET /boxed/": (11, 6),
    "GET /feed/": (6, 1),
    "GET /form/": (16, 6),
    "GET /kids/{pk}/": (8, 7),
    "GET /labels/": (11, 1),
    "GET /latest/": (11, 6),
    "GET /methods/": (5, 1),
    "GET /of_publisher/{pk}/": (9, 7),
    "GET /popular/": (11, 6),
    "GET /properties/": (6, 1),
    "GET /publisher/{pk}/": (9, 7),
    "GET /queryset/": (11, 6),
    "GET /signal/": (11, 6),
    "GET /thick/{pk}/": (9, 7),
}


def test_every_view_is_proven(library, settings):
    settings.ROOT_URLCONF = "tests.testapp.urls"
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "ROUND_TRIP_MS": 10_000}
    report = audited(admin=True)
    proofs = {e.name: e.proof for e in report.endpoints if e.proof is not None}
    found = {name: (p.queries_before, p.queries_after) for name, p in proofs.items()}
    assert found == PROVEN
    assert report.withdrawn == ()
    lists = [f for f in report.findings if f.detector == "n-plus-one" and not f.waiting]
    assert {finding.confidence for finding in lists} == {"proven"}
