"""An audit names the line that builds the rows, though the measured requests are not watched."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from queryscope.audit.progress import Progress
from queryscope.audit.run import Options, audit
from queryscope.conf import get_settings
from queryscope.core.findings import Finding
from tests.marks import line_of
from tests.testapp import built

ALIASES = ("default", "other")
pytestmark = [
    pytest.mark.django_db(databases=ALIASES),
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("library"),
]


def helped(request):
    return HttpResponse(" ".join(book.author.name for book in built.books()))


def rendered(request):
    return render(request, "testapp/direct.html", {"rows": built.thin_books()})


def constant(request):
    return render(request, "testapp/direct.html", {"rows": built.THICK.all()})


def joined(request):
    return render(request, "testapp/direct.html", {"rows": built.joined()})


urlpatterns = [
    path("helped/", helped),
    path("rendered/", rendered),
    path("constant/", constant),
    path("joined/", joined),
]


def told(*urls: str, **options: Any) -> list[Finding]:
    chosen = Options(settings=get_settings(), urls=urls, **options)
    report = audit(chosen, Progress(io.StringIO())).report
    return [finding for finding in report.findings if finding.detector == "n-plus-one"]


@pytest.mark.parametrize("repeat", [1, 3])
@pytest.mark.parametrize(
    ("url", "mark"),
    [
        ("/helped/", "helper"),
        ("/rendered/", "helper"),
        ("/constant/", "constant"),
        ("/joined/", "joined"),
    ],
)
def test_the_line_in_another_file_is_named(url: str, mark: str, repeat: int) -> None:
    original = QuerySet.__init__
    [finding] = told(url, repeat=repeat)
    assert finding.origin is not None
    assert finding.fix is not None
    place = finding.origin.file, finding.origin.line
    assert place == (built.__file__, line_of(built, f"built: {mark}"))
    assert finding.fix.code.startswith("Book.objects.")
    assert QuerySet.__init__ is original


def test_views_that_share_a_helper_share_its_line() -> None:
    origins = {finding.origin for finding in told("/helped/", "/rendered/")}
    assert len(origins) == 1
