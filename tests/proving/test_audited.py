"""What an audit makes of a proof: its report, and the requests that it sends for it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from queryscope.audit import bodies
from queryscope.audit.progress import Progress
from queryscope.audit.requests import Requester
from queryscope.audit.run import Options, audit
from queryscope.audit.sandbox import quiet_surroundings
from queryscope.conf import get_settings
from queryscope.core.findings import Report
from queryscope.proving.trial import Trial
from tests.testapp.models import Book

pytestmark = [
    pytest.mark.django_db(databases=["default", "other"]),
    pytest.mark.usefixtures("library"),
]


def names(request: Any) -> HttpResponse:
    return HttpResponse("\n".join(book.author.name for book in Book.objects.order_by("pk")))


def two_of_them(request: Any) -> HttpResponse:
    books = list(Book.objects.order_by("pk"))[:2]
    return HttpResponse("\n".join(book.author.name for book in books))


def endless(request: Any) -> StreamingHttpResponse:
    def body() -> Iterator[str]:
        while True:
            yield from (book.author.name for book in Book.objects.order_by("pk"))

    return StreamingHttpResponse(body())


def sets_a_cookie(request: Any) -> HttpResponse:
    books = list(Book.objects.order_by("pk"))
    early = "author" in books[0]._state.fields_cache
    response = HttpResponse("\n".join(book.author.name for book in books))
    response.set_cookie("loaded", "eagerly" if early else "lazily")
    return response


def indexes(request: Any) -> HttpResponse:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "testapp_book")
    return HttpResponse("\n".join(name for name in found if name == "tried_idx"))


def looks_and_narrows(request: Any) -> HttpResponse:
    found = []
    for book in Book.objects.order_by("pk"):
        early = "author" in book._state.fields_cache
        found.append(f"{book.author.name} {early}")
        found.append(str(len(book.reviews.filter(text=str(book.pk)))))
    return HttpResponse("\n".join(found))


VIEWS = [names, two_of_them, endless, sets_a_cookie, looks_and_narrows, indexes]
urlpatterns = [path(f"{view.__name__}/", view) for view in VIEWS]


@pytest.fixture(autouse=True)
def urlconf(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "ROUND_TRIP_MS": 10_000}


def audited(*views: Any, proof: bool = True) -> Report:
    urls = tuple(f"/{view.__name__}/" for view in views)
    options = Options(settings=get_settings(), urls=urls, anonymous=True, proof=proof)
    return audit(options, Progress(io.StringIO())).report


def test_what_is_proven_says_so() -> None:
    [finding] = audited(names).findings
    assert finding.confidence == "proven"
    assert (finding.proof.queries_before, finding.proof.queries_after) == (6, 1)


def test_without_proof_nothing_is() -> None:
    report = audited(names, two_of_them, proof=False)
    assert {(f.confidence, f.proof, f.unproven) for f in report.findings} == {("certain", None, "")}
    assert report.withdrawn == ()


def test_a_finding_that_is_withdrawn_goes() -> None:
    report = audited(names, two_of_them)
    assert [f.endpoint for f in report.findings] == ["GET /names/"]
    [withdrawn] = report.withdrawn
    assert (withdrawn.finding.endpoint, withdrawn.code) == ("GET /two_of_them/", "")
    assert withdrawn.reason == "half of the rows cause as many queries (2) as all of them"


def test_a_fix_that_is_refuted_goes_and_its_finding_stays() -> None:
    report = audited(sets_a_cookie)
    [finding] = report.findings
    assert (finding.fix, finding.proof) == (None, None)
    assert "the cookie loaded has another value" in finding.unproven
    assert [w.code for w in report.withdrawn] == [
        'Book.objects.select_related("author")',
        'Book.objects.prefetch_related("author")',
    ]


def test_what_is_not_proven_is_advised_without_what_is_refuted() -> None:
    findings = {finding.relation: finding for finding in audited(looks_and_narrows).findings}
    assert findings["testapp.Book.author"].fix is None
    narrowed = findings["testapp.Book.reviews"]
    assert narrowed.unproven.startswith("what reads the rows has to change as well")
    assert narrowed.fix.code == 'Book.objects.prefetch_related("reviews")'


def test_a_body_without_an_end_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY_BYTES", 500)
    found = [f for f in audited(endless).findings if f.detector == "n-plus-one"]
    assert {finding.unproven for finding in found} == {"asked again: its body has no end"}


def test_an_index_is_there_for_one_request_only() -> None:
    # What the fixture wrote would keep PostgreSQL from it.
    connection.check_constraints()
    with quiet_surroundings("localhost"):
        requester = Requester(None, ["default"], 10.0)
        made = Trial(statements=("CREATE INDEX tried_idx ON testapp_book (pages)",))
        answers = [
            requester.send("GET", "/indexes/", "indexes", trial=trial).response
            for trial in (Trial(), made, Trial())
        ]
    assert [answer.body for answer in answers if answer] == [b"", b"tried_idx", b""]
