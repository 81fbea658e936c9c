"""Views of every kind, audited with proof: what the ORM is asked by a template, a serializer, an admin."""

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


def test_sweep(library, settings):
    settings.ROOT_URLCONF = "tests.testapp.urls"
    report = audited(admin=True)
    for f in report.findings:
        p = f.proof
        print(f.detector, f.endpoint, f.relation, f.count, f.waiting, f.confidence, p and (p.queries_before, p.queries_after, p.reordered), "|", f.unproven, "|", f.fix and f.fix.code, "|", f.hint if not f.fix else "")
    for w in report.withdrawn: print("W", w.finding.endpoint, w.finding.relation, w.code, w.reason)
    for e in report.endpoints: e.proof and print("E", e.name, e.proof and (e.proof.queries_before, e.proof.queries_after), e.problem)
    assert 0
