"""Rows that are built in one place and evaluated by a template, a library or a helper in another.

The line that built them is named where it is certain, never a line that only looks like it.
"""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from queryscope import inspect, record
from queryscope.places import Place
from queryscope.rows import rows_of

from .marks import TEMPLATES, line_of
from .testapp import given
from .testapp.models import Book
from .testapp.templatetags import library_tags

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.testapp.given")]

ENGINE = "django.template.backends.django.DjangoTemplates"
FILTERED = TEMPLATES / "filtered.html"


@pytest.fixture(autouse=True)
def only_the_view(settings, library):
    settings.MIDDLEWARE = []
    settings.TEMPLATES = [{"BACKEND": ENGINE, "APP_DIRS": True}]


def findings(url, detector="n-plus-one", client=None):
    with record(url) as recording:
        assert (client or Client()).get(url).status_code == 200
    return [f for f in inspect(recording).findings if f.detector == detector]


def at(location):
    return location.file, location.line


def marked(file, mark):
    return str(getattr(file, "__file__", file)), line_of(file, mark)


#: URL, the file and mark of the origin.
ORIGINS = [
    ("beside", library_tags, "origin: filter"),
    ("static", library_tags, "origin: filter"),
    ("tagged", library_tags, "origin: tag"),
    ("elsewhere", given, "origin: elsewhere"),
    ("consumed", given, "origin: consumed"),
    ("wrapped", given, "origin: wrapped"),
    ("helper", given, "origin: wrapped"),
    ("plain", given, "origin: plain"),
    ("inner", given, "origin: inner"),
    ("paged", given, "origin: paged"),
    ("tables", given, "origin: tables"),
]


@pytest.mark.parametrize(("url", "file", "mark"), ORIGINS, ids=[o[0] for o in ORIGINS])
def test_the_rows_of_a_template_are_those_of_what_gave_them(url, file, mark):
    [finding] = findings(f"/{url}/")
    assert at(finding.origin) == marked(file, mark)
    assert finding.fix.code == 'Book.objects.select_related("author")'


def test_a_context_processor_gives_rows(settings):
    options = {"context_processors": ["tests.testapp.given.processor"]}
    settings.TEMPLATES = [{"BACKEND": ENGINE, "APP_DIRS": True, "OPTIONS": options}]
    [finding] = findings("/bare/")
    assert at(finding.origin) == marked(given, "origin: processor")


PLACES = [("wrapped", "here: wrapped"), ("helper", "here: wrapped")]
PLACES += [("plain", "here: plain"), ("inner", "here: inner")]


@pytest.mark.parametrize(("url", "mark"), PLACES)
def test_a_view_is_found_below_its_decorators(url, mark):
    [finding] = findings(f"/{url}/")
    assert at(finding.location) == marked(given, mark)


def test_a_page_without_a_view_of_its_own_is_placed_in_its_template():
    [finding] = findings("/static/")
    assert at(finding.location) == marked(FILTERED, "here: filtered")


def test_a_list_that_a_library_evaluates_is_the_views():
    origins = {at(finding.origin) for finding in findings("/listed/")}
    assert origins == {marked(given, "origin: listed")}


HINTS = [
    ("elsewhere", "Change the queryset that given.py:{} evaluates.", "origin: elsewhere"),
    ("consumed", "Change the queryset at given.py:{}.", "origin: consumed"),
]


@pytest.mark.parametrize(("url", "hint", "mark"), HINTS)
def test_a_line_that_only_evaluates_is_not_said_to_have_a_queryset(url, hint, mark):
    [finding] = findings(f"/{url}/")
    assert finding.hint == hint.format(line_of(given, mark))


def test_a_list_of_one_row_in_a_loop_is_not_waiting():
    [finding] = findings("/nested/")
    assert (finding.count, finding.severity, finding.waiting) == (4, "warning", False)


def test_choices_of_many_forms_are_loaded_once_for_all():
    [finding] = findings("/formset/", "duplicate-query")
    assert finding.count == 5
    assert finding.hint.startswith("Each form loads the choices of its field author: load them")
    assert findings("/formset_of_one_list/", "duplicate-query") == []


def test_choices_of_a_field_for_each_row_are_set_beside_the_prefetch():
    [finding] = findings("/choices/")
    rows = "[(row.pk, str(row)) for row in book.reviews.all()]"
    assert f"then set choices={rows} on the form's field" in finding.hint
    assert findings("/choices_prefetched/") == []


def test_the_rows_of_an_inline_are_its_own(settings):
    processors = ["django.template.context_processors.request"]
    processors += ["django.contrib.auth.context_processors.auth"]
    processors += ["django.contrib.messages.context_processors.messages"]
    options = {"context_processors": processors}
    settings.TEMPLATES = [{"BACKEND": ENGINE, "APP_DIRS": True, "OPTIONS": options}]
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("somebody"))
    book = Book.objects.filter(reviews__isnull=False).first()
    found = findings(f"/admin/testapp/book/{book.pk}/change/", client=client)
    assert {at(finding.origin) for finding in found} == {marked(given, "origin: inline")}


class Query:
    books = object()

    def resolve_books(self, info):
        return Book.objects.all()  # <- origin: resolver


def test_a_field_is_answered_by_its_resolver():
    place = Place(None, (), (Query, "books"), None, None, None, None, True, True)
    rows = rows_of(place, Book, None)
    assert (at(rows.location), rows.built) == (marked(__file__, "origin: resolver"), True)
