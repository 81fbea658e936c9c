"""Rows that are built, fetched and read in different places: the line to change and the change."""

from __future__ import annotations

from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Prefetch
from django.test import Client

from queryscope import inspect, record

from .advice import NAMES
from .marks import TEMPLATES, TESTAPP, line_of
from .testapp import listings, views
from .testapp.models import Author, Book, Comment, Country, Member, Post, Profile, Publisher, Review
from .testapp.templatetags import library_tags

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.testapp.urls")]


@pytest.fixture(autouse=True)
def only_the_view(settings, library):
    settings.MIDDLEWARE = []
    engine = "django.template.backends.django.DjangoTemplates"
    settings.TEMPLATES = [{"BACKEND": engine, "APP_DIRS": True}]


def get(url):
    with record(url) as recording:
        response = Client().get(url)
    assert response.status_code == 200
    return recording


def publisher():
    return Publisher.objects.get(name="Publisher 0").pk


def mentor():
    return Author.objects.get(name="Author 0").pk


BY_AUTHOR = 'Book.objects.select_related("author")'
OF_PUBLISHER = 'publisher.book_set.select_related("author")'
KIDS = 'Author.objects.select_related("country")'
EDITIONS = 'Edition.available.select_related("book")'
REVIEWS = 'Review.objects.select_related("book")'

#: URL, its key, queries, the file and mark of the origin, the fix.
PAGES = [
    ("boxed", None, 5, listings, "origin: boxed", BY_AUTHOR),
    ("popular", None, 5, listings, "origin: popular", BY_AUTHOR),
    ("kids", mentor, 4, TEMPLATES / "kids.html", "origin: kids", KIDS),
    ("latest", None, 5, library_tags, "origin: latest", BY_AUTHOR),
    ("of_publisher", publisher, 2, listings, "origin: of_publisher", OF_PUBLISHER),
    ("thick", publisher, 2, TEMPLATES / "thick.html", "origin: thick", OF_PUBLISHER),
    ("available", None, 5, listings, "origin: available", EDITIONS),
    ("feed", None, 5, listings, "origin: feed", BY_AUTHOR),
    ("form", None, 10, views, "origin: form", REVIEWS),
]


@pytest.mark.parametrize(
    ("url", "key", "count", "file", "mark", "code"), PAGES, ids=[p[0] for p in PAGES]
)
def test_the_line_that_lists_the_rows_is_the_origin(url, key, count, file, mark, code):
    Author.objects.exclude(pk=mentor()).update(mentor=mentor())
    [finding] = inspect(get(f"/{url}/{key()}/" if key else f"/{url}/")).findings
    path = getattr(file, "__file__", str(file))
    assert (finding.origin.file, finding.origin.line) == (path, line_of(path, mark))
    assert (finding.detector, finding.count, finding.fix.code) == ("n-plus-one", count, code)


def test_a_block_tag_is_not_the_place_of_what_it_surrounds():
    [finding] = inspect(get("/boxed/")).findings
    assert (finding.location.file, finding.location.function) == (listings.__file__, "Boxed")
    assert finding.template.line == line_of(TEMPLATES / "boxed.html", "here: boxed")


def test_choices_are_changed_at_the_forms_field():
    [finding] = inspect(get("/form/")).findings
    line = line_of(views, "origin: form")
    assert finding.hint == f"Give the form's field its queryset at views.py:{line}."


def test_each_query_of_one_template_line_is_of_its_own_relation():
    members = [Member(name=f"{n}", country=Country.objects.first()) for n in range(4)]
    Member.objects.bulk_create(members)
    for n in range(3):
        post = Post.objects.create(author=members[n])
        Comment.objects.bulk_create(Comment(post=post, user=members[m]) for m in (n - 1, n + 1))
    recording = get("/posts/")
    counts = Counter()
    for group in recording.trace.groups:
        counts[group.relation and group.relation.label.removeprefix("testapp.")] += group.count
    assert counts == {
        None: 1,
        "Post.author": 3,
        "Post.comments": 3,
        "Comment.user": 6,
        "Member.country": 9,
    }
    findings = inspect(recording).findings
    assert sum(f.count for f in findings if f.detector == "n-plus-one") == 21


def found(recording):
    return sorted(
        (f.detector, f.relation and f.relation.partition(".")[2], f.count, f.fix and f.fix.code)
        for f in inspect(recording).findings
    )


def test_two_lists_in_one_line_are_two_origins():
    with record() as recording:
        for row in list(Book.objects.all()) + list(Profile.objects.all()):  # <- origin: both
            row.author.name  # noqa: B018
    first, second = findings = inspect(recording).findings
    assert (first.origin.line, second.origin.line) == (line_of(__file__, "origin: both"),) * 2
    assert {(f.count, f.fix.code) for f in findings} == {
        (5, BY_AUTHOR),
        (5, 'Profile.objects.select_related("author")'),
    }


def keys():
    return list(Book.objects.values_list("pk", flat=True))


def ask(pk):
    return Book.objects.get(pk=pk)


def fa(pk):
    return ask(pk)


def fb(pk):
    return ask(pk)


def fc(pk):
    return ask(pk)


def fd(pk):
    return ask(pk)


def fe(pk):
    return ask(pk)


def test_a_loop_that_asks_by_several_ways_is_a_loop():
    pks = keys()
    with record() as recording:
        for pk in pks:
            fa(pk), fb(pk), fc(pk), fd(pk), fe(pk)
    assert found(recording) == [("query-in-loop", None, 25, "Book.objects.in_bulk(pks)")]


FETCHES = [lambda pk: Book.objects.get(pk=pk), lambda pk: Book.objects.filter(pk=pk).first()]


@pytest.mark.parametrize("fetch", FETCHES, ids=["get", "first"])
def test_rows_fetched_one_by_one_likely_load_one_more_each(fetch):
    pks = keys()
    with record() as recording:
        for pk in pks:
            book = fetch(pk)
            book.author.name  # noqa: B018
    loaded, fetched = sorted(inspect(recording).findings, key=lambda f: f.detector)
    assert (loaded.detector, fetched.detector) == ("n-plus-one", "query-in-loop")
    assert (loaded.confidence, loaded.count, loaded.fix.code) == ("likely", 5, BY_AUTHOR)


def test_the_rows_of_an_objects_method_are_not_built_where_the_object_is():
    Author.objects.exclude(pk=mentor()).update(mentor=mentor())
    with record() as recording:
        author = Author.objects.order_by("pk").first()
        rows = author.kids()
        for kid in rows:  # <- origin: method
            kid.country.name  # noqa: B018
    [finding] = inspect(recording).findings
    assert finding.origin.line == line_of(__file__, "origin: method")
    assert (finding.count, finding.fix.code) == (4, KIDS)


def test_both_ends_of_a_relation_to_itself_are_told_apart():
    authors = list(Author.objects.all())
    authors[0].follows.set(authors[1:])
    with record() as recording:
        for author in Author.objects.all():
            author.follows.count(), author.followers.count()
    findings = found(recording)
    assert [finding[:3] for finding in findings] == [
        ("n-plus-one", "Author.followers", 5),
        ("n-plus-one", "Author.follows", 5),
    ]
    [code] = {finding[3] for finding in findings}
    rows = eval(code, NAMES).order_by("pk")
    assert [(row.follows_count, row.followers_count) for row in rows] == [(4, 0)] + [(0, 1)] * 4


def test_permissions_of_each_user_are_found_without_a_fix():
    for n in range(3):
        get_user_model().objects.create_user(f"user {n}")
    with record() as recording:
        [user.has_perm("testapp.view_book") for user in get_user_model().objects.all()]
    assert found(recording) == [
        ("n-plus-one", "User.user_permissions", 3, None),
        ("query-in-loop", None, 3, None),
    ]


def test_what_is_prefetched_already_is_prefetched_beside_as_it_is_read():
    with record() as recording:
        for book in Book.objects.prefetch_related("reviews"):
            list(book.reviews.filter(text="wanted"))
    [finding] = inspect(recording).findings
    assert finding.fix.code == (
        'Book.objects.prefetch_related(Prefetch("reviews", '
        'queryset=Review.objects.filter(text="wanted"), to_attr="wanted_reviews"))'
    )


def test_what_is_prefetched_already_is_not_prefetched_again():
    with record() as recording:
        for book in Book.objects.prefetch_related("reviews"):
            list(book.reviews.filter(text=str(book.pk)))
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.fix) == ("testapp.Book.reviews", None)
    assert finding.hint.startswith("It is prefetched already: read .reviews.all() and narrow it")


def test_the_queryset_of_a_prefetch_is_changed_itself():
    with record() as recording:
        inner = Review.objects.order_by("pk")  # <- origin: inner
        for book in Book.objects.prefetch_related(Prefetch("reviews", inner, to_attr="found")):
            [review.reviewer.name for review in book.found]
    [finding] = inspect(recording).findings
    assert finding.origin.line == line_of(__file__, "origin: inner")
    assert finding.fix.code == 'Review.objects.select_related("reviewer")'


def test_a_changelist_without_a_class_is_placed_in_the_project(settings):
    base = "django.template.context_processors.request"
    auth = "django.contrib.auth.context_processors.auth"
    messages = "django.contrib.messages.context_processors.messages"
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "OPTIONS": {"context_processors": [base, auth, messages]}}
    ]
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    country = Country.objects.first()
    Member.objects.bulk_create(Member(name=f"{n}", country=country) for n in range(3))
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("somebody"))
    with record() as recording:
        assert client.get("/admin/testapp/member/").status_code == 200
    [finding] = inspect(recording).findings
    models = str(TESTAPP / "models.py")
    where = finding.location.file, finding.location.line
    assert where == (models, line_of(models, "here: member"))
    assert (finding.count, finding.fix.code) == (3, 'list_select_related = ["country"]')
    assert finding.origin.file == models  # never a line of Django
