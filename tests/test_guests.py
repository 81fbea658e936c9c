"""Libraries that call the project, or relate its rows, in ways of their own."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from queryscope import inspect, record

from .marks import line_of
from .testapp import guests
from .testapp.features import Leaflet

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.testapp.guests")]


@pytest.fixture(autouse=True)
def only_the_view(settings, library):
    settings.MIDDLEWARE = []


#: URL, the marks of the line that asks and of the rows' line, the relation and the fix.
PAGES = [
    ("/ninja/books", "here: ninja", "origin: ninja", "author", "select_related"),
    ("/ninja/asked", "here: asked", "here: asked", "author", "select_related"),
    ("/sitemap.xml", "here: sitemap", "origin: sitemap", "author", "select_related"),
    ("/graphql/", "here: graphene", "origin: graphene", "author", "select_related"),
]


def get(url):
    query = {"query": json.dumps("{allBooks{title author{name}}}")[1:-1]}
    with record(url) as recording:
        response = Client().get(url, query if "graphql" in url else None)
    assert response.status_code == 200, response.content
    return inspect(recording).findings


@pytest.mark.parametrize(("url", "here", "origin", "relation", "kind"), PAGES, ids=lambda v: str(v))
def test_the_projects_own_lines_are_named(url, here, origin, relation, kind):
    [finding] = [f for f in get(url) if f.relation == f"testapp.Book.{relation}"]
    assert (finding.count, finding.severity, finding.fix.kind) == (5, "warning", kind)
    assert (finding.location.file, finding.location.line) == (
        guests.__file__,
        line_of(guests, here),
    )
    assert (finding.origin.file, finding.origin.line) == (guests.__file__, line_of(guests, origin))


def test_a_serializer_that_depth_made_stands_for_the_one_that_says_so():
    findings = get("/deep/")
    assert "testapp.Book.genres" in {f.relation for f in findings}
    assert {f.location.line for f in findings} == {line_of(guests, "here: depth")}
    assert {f.origin.line for f in findings} == {line_of(guests, "origin: depth")}
    [code] = {f.fix.code for f in findings}
    assert code.startswith('Review.objects.select_related("')


def tagged():
    for number in range(4):
        leaflet = Leaflet.objects.create(title=f"Leaflet {number}")
        leaflet.tags.add("red", f"blue {number}")
    return Leaflet.objects


def test_tags_are_a_relation_that_can_be_prefetched():
    rows = tagged()
    with record() as recording:
        names = [sorted(tag.name for tag in leaflet.tags.all()) for leaflet in rows.all()]
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.relation) == ("n-plus-one", "testapp.Leaflet.tags")
    assert finding.fix.code == 'Leaflet.objects.prefetch_related("tags")'
    with record() as fixed:
        found = eval(finding.fix.code, {"Leaflet": Leaflet})
        assert [sorted(tag.name for tag in leaflet.tags.all()) for leaflet in found] == names
    assert (fixed.queries, inspect(fixed).findings) == (2, ())
