"""Each kind of N+1 in each place that code can stand: the lines that a person must look at."""

from __future__ import annotations

import gc
import weakref

import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_init
from django.test import Client

from queryscope import inspect, record

from .marks import TEMPLATES, line_of
from .testapp import admin, reads, serializers, views
from .testapp.models import Book, Loan, Publisher
from .testapp.reads import KINDS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.testapp.urls")]

ENGINE = "django.template.backends.django.DjangoTemplates"
ROW = TEMPLATES / "_row.html"


@pytest.fixture(autouse=True)
def only_the_view(settings, library):
    settings.MIDDLEWARE = []
    settings.TEMPLATES = [{"BACKEND": ENGINE, "APP_DIRS": True}]


def get(url):
    with record(url) as recording:
        response = Client().get(url)
        body = response.getvalue() if response.streaming else response.content
    assert response.status_code == 200, body
    return inspect(recording)


def named(location):
    return location and (location.file, location.line)


def check(url, kind):
    """The only finding, of the right relation and count."""
    *_, relation, count = KINDS[kind]
    [finding] = get(url).findings
    assert (finding.detector, finding.confidence) == ("n-plus-one", "certain")
    assert (finding.relation, finding.count) == (f"testapp.{relation}", count)
    assert finding.fix is not None
    return finding


#: Where Python reads: the reading line is named, and the line of the view that fetched the rows.
CODE = ["loop", "comprehension", "generator", "streaming", "thread", "asynchronous", "method"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", CODE)
def test_code_that_reads_is_named(place, kind):
    finding = check(f"/{place}/{kind}/", kind)
    assert named(finding.location) == (reads.__file__, line_of(reads, f"here: {kind}"))
    assert finding.location.function == kind
    assert named(finding.origin) == (views.__file__, line_of(views, f"origin: {place}"))
    assert finding.template is None


#: Where a template reads: its line is named, the view that renders it, and who lists the rows.
TEMPLATED = [
    ("rendered", "here: rendered", "origin: rendered"),
    ("template_response", "here: template_response", "here: template_response"),
    ("list_view", "here: list_view", "origin: list_view"),
    ("template_view", "here: template_view", None),  # nothing of Python names the rows
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("place", "here", "origin"), TEMPLATED, ids=[t[0] for t in TEMPLATED])
def test_a_template_that_reads_is_named(place, here, origin, kind):
    finding = check(f"/{place}/{kind}/", kind)
    assert finding.template.name == str(ROW)
    assert finding.template.line == line_of(ROW, f"here: {kind}")
    assert named(finding.location) == (views.__file__, line_of(views, here))
    file = views.__file__ if origin else str(ROW.with_name("rows.html"))
    assert named(finding.origin) == (file, line_of(file, origin or "origin: rows"))


#: Where a serializer reads: the field is named, and who lists the rows.
SERIALIZED = ["list_api", "viewset", "function_api"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", SERIALIZED)
def test_a_serializers_field_is_named(place, kind):
    finding = check(f"/{place}/{kind}/", kind)
    line = line_of(serializers, f"here: {kind}")
    assert named(finding.location) == (serializers.__file__, line)
    assert finding.location.function == f"KindSerializer.{kind}"
    assert named(finding.origin) == (views.__file__, line_of(views, f"origin: {place}"))


APP = TEMPLATES.parent.parent
TAGS = APP / "templatetags" / "library_tags.py"

#: Places of one kind: the URL, the relation, the queries, the file and line to name.
ONCE = [
    ("tags/simple/", "Book.author", 5, TAGS, "here: simple"),
    ("tags/filter/", "Book.publisher", 5, TAGS, "here: filter"),
    ("signal/", "Profile.author", 5, views, "here: signal"),
    ("properties/", "Author.country", 5, APP / "models.py", "here: property"),
    ("methods/", "Author.mentor", 4, APP / "models.py", "here: method"),
    ("labels/", "Review.book", 10, APP / "models.py", "here: label"),
    ("form/", "Review.book", 10, APP / "models.py", "here: label"),
    ("api/MethodSerializer/", "Book.author", 5, serializers, "here: method"),
    ("api/NestedSerializer/", "Book.author", 5, serializers, "here: nested"),
    ("api/NestedManySerializer/", "Book.reviews", 5, serializers, "here: nested_many"),
    ("api/SlugSerializer/", "Book.author", 5, serializers, "here: slug"),
    ("api/MetaSerializer/", "Book.genres", 5, serializers, "here: meta"),
    ("api/DepthSerializer/", "Book.publisher", 5, serializers, "here: depth"),
    ("authors/", "Author.country", 5, APP / "models.py", "here: property"),
]


@pytest.mark.parametrize(
    ("url", "relation", "count", "file", "mark"), ONCE, ids=[o[0] for o in ONCE]
)
def test_the_place_is_named(url, relation, count, file, mark):
    [finding] = [f for f in get(f"/{url}").findings if f.detector == "n-plus-one"]
    assert (finding.relation, finding.count) == (f"testapp.{relation}", count)
    path = getattr(file, "__file__", str(file))
    assert named(finding.location) == (path, line_of(file, mark))


def test_a_nested_serializer_is_named_at_each_level():
    here = {f.relation: f.location.line for f in get("/api/DeepSerializer/").findings}
    assert here == {
        "testapp.Book.reviews": line_of(serializers, "here: deep_many"),
        "testapp.Review.reviewer": line_of(serializers, "here: deep"),
    }


def test_the_rows_of_one_object_are_rows():
    [finding] = get(f"/book/{Book.objects.first().pk}/").findings
    assert (finding.relation, finding.count) == ("testapp.Review.reviewer", 2)
    assert finding.location.line == line_of(serializers, "here: deep")


@pytest.mark.parametrize("url", ["books", "queryset"])
def test_a_list_view_is_named_by_what_lists_its_rows(url):
    [finding] = get(f"/{url}/").findings
    assert finding.template.name == str(TEMPLATES / "direct.html")
    assert finding.template.line == line_of(TEMPLATES / "direct.html", "here: direct")
    assert named(finding.origin) == (views.__file__, line_of(views, f"origin: {url}"))


def test_a_detail_views_rows_are_those_of_its_object():
    publisher = Publisher.objects.get(name="Publisher 0")
    [finding] = get(f"/publisher/{publisher.pk}/").findings
    assert (finding.relation, finding.count) == ("testapp.Book.author", 2)
    assert finding.fix.code == 'publisher.book_set.select_related("author")'
    assert "book_set" in finding.origin.code


def test_an_inclusion_tags_own_template_is_named():
    [finding] = get("/tags/inclusion/").findings
    card = TEMPLATES / "card.html"
    assert (finding.relation, finding.count) == ("testapp.Book.editor", 3)
    assert finding.template.name == str(card)
    assert finding.template.line == line_of(card, "here: card")


def test_a_context_processor_is_named(settings):
    processors = ["tests.testapp.views.author_names"]
    options = {"context_processors": processors}
    settings.TEMPLATES = [{"BACKEND": ENGINE, "APP_DIRS": True, "OPTIONS": options}]
    [finding] = get("/context/").findings
    assert named(finding.location) == (views.__file__, line_of(views, "here: processor"))


@pytest.mark.parametrize("place", ["list_api", "viewset", "rendered", "list_view", "loop"])
def test_a_page_leaves_no_row_behind(place):
    made = []

    def note(instance, **kwargs):
        made.append(weakref.ref(instance))

    post_init.connect(note, sender=Book)
    try:
        with record(place) as recording:
            Client().get(f"/{place}/forward_fk/")
    finally:
        post_init.disconnect(note, sender=Book)
    gc.collect()
    assert len(made) == 5
    assert {reference() for reference in made} == {None}
    assert recording.queries >= 6


def test_a_serializer_of_plain_keys_is_silent():
    assert get("/api/PlainSerializer/").findings == ()


@pytest.fixture
def admin_site(settings):
    processors = "django.template.context_processors", "django.contrib.messages.context_processors"
    options = {
        "context_processors": [
            f"{processors[0]}.request",
            "django.contrib.auth.context_processors.auth",
            f"{processors[1]}.messages",
        ]
    }
    settings.TEMPLATES = [{"BACKEND": ENGINE, "APP_DIRS": True, "OPTIONS": options}]
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    client = Client()
    user = get_user_model().objects.create_superuser("somebody", password="x")
    client.force_login(user)

    def changelist(model):
        with record(model) as recording:
            assert client.get(f"/admin/testapp/{model}/").status_code == 200
        found = [f for f in inspect(recording).findings if f.detector == "n-plus-one"]
        return {f.relation.removeprefix("testapp."): f for f in found}

    changelist.client = client
    return changelist


CHANGELISTS = [
    ("book", "Book.publisher", 5, admin, "here: callable"),
    ("book", "Book.reviews", 5, admin, "here: method"),
    ("book", "Book.genres", 5, admin, "here: display"),
    ("author", "Author.profile", 5, admin, "here: attribute"),
    ("author", "Author.country", 5, APP / "models.py", "here: property"),
    ("author", "Author.mentor", 4, APP / "models.py", "here: method"),
    ("review", "Review.book", 10, APP / "models.py", "here: label"),
]


@pytest.mark.parametrize(
    ("model", "relation", "count", "file", "mark"), CHANGELISTS, ids=[c[1] for c in CHANGELISTS]
)
def test_a_changelists_column_is_named(admin_site, model, relation, count, file, mark):
    finding = admin_site(model)[relation]
    path = getattr(file, "__file__", str(file))
    assert finding.count == count
    assert named(finding.location) == (path, line_of(file, mark))


def test_a_changelist_has_no_other_n_plus_one(admin_site):
    found = {model: set(admin_site(model)) for model in ("book", "author", "review", "genre")}
    assert found == {
        "book": {"Book.publisher", "Book.reviews", "Book.genres"},
        "author": {"Author.profile", "Author.country", "Author.mentor"},
        "review": {"Review.book"},
        "genre": set(),
    }


def test_what_the_changelist_counts_twice_by_itself_is_silent(admin_site):
    with record() as recording:
        assert admin_site.client.get("/admin/testapp/genre/").status_code == 200
    counts = [group for group in recording.trace.groups if group.operation == "count"]
    assert sum(group.count for group in counts) == 2
    assert inspect(recording).findings == ()


def test_rows_that_django_collects_to_delete_get_no_queryset_to_change(admin_site, monkeypatch):
    monkeypatch.setattr(Loan, "__str__", lambda loan: loan.book.author.name)
    book = Book.objects.get(title="Book 0")
    with record() as recording:
        page = admin_site.client.get(f"/admin/testapp/book/{book.pk}/delete/")
    assert page.status_code == 200
    found = [f for f in inspect(recording).findings if f.relation == "testapp.Book.author"]
    assert {(f.severity, f.fix) for f in found} == {("info", None)}
    assert {f.hint.partition(", so")[0] for f in found} == {
        "Django looks for these rows before it deletes them"
    }


def test_a_page_of_somebody_who_is_logged_in_is_silent(admin_site):
    """Session, user, permissions and content types are asked, none of them twice."""
    with record() as recording:
        response = admin_site.client.get("/me/")
    assert response.status_code == 200
    assert recording.queries >= 3
    assert inspect(recording).findings == ()
