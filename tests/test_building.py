"""The line that builds a queryset, through any number of clones, seen while it is watched."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from contextvars import copy_context

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.db.models.query import RawQuerySet
from django.http import HttpResponse
from django.shortcuts import get_list_or_404, get_object_or_404
from django.test import Client
from django.urls import path
from django.views.generic import ListView
from rest_framework import generics, serializers

from queryscope import beginnings, building, inspect, record
from queryscope.building import watch_building
from queryscope.conf import Settings

from .marks import line_of
from .testapp import built
from .testapp.built import OddBook, Volume
from .testapp.models import Author, Book, Country, Publisher, Review

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

ORIGINALS = QuerySet.__init__, RawQuerySet.__init__
HERE, THERE = __file__, built.__file__


@pytest.fixture(autouse=True)
def as_it_was(settings, library):
    settings.MIDDLEWARE = []
    yield
    assert (QuerySet.__init__, RawQuerySet.__init__) == ORIGINALS
    assert not building._births


def read(rows):
    return [row.author.name for row in rows]


def own():
    rows = Book.objects.filter(pages__gt=0)  # <- built: own
    rows = rows.order_by("pk")
    return read(rows)


def in_a_loop():
    rows = Book.objects.all()  # <- built: loop
    for number in range(40):
        rows = rows.filter(pages__gt=-number)
    return read(rows)


def library_filters():
    """As django-filter does: a library is handed a queryset and clones it again and again."""
    rows = Book.objects.all()  # <- built: filters
    changed = eval("[q := q.filter(pages__gt=-n) for n in range(3)][-1]", {"q": rows})
    return read(changed)


def pages():
    page = Paginator(built.books(), 3).page(1)
    return read(page.object_list)


def prefetched():
    reviews = Review.objects.order_by("pk")  # <- built: prefetch
    books = Book.objects.prefetch_related(Prefetch("reviews", reviews, to_attr="told"))
    return [review.reviewer.name for book in books for review in book.told]


def prefetched_later():
    reviews = Review.objects.order_by("pk")  # <- built: later
    books = list(Book.objects.order_by("pk"))
    prefetch_related_objects(books, Prefetch("reviews", reviews, to_attr="told"))
    return [review.reviewer.name for book in books for review in book.told]


async def asynchronous():
    return [await name_of(book) async for book in built.books()]


@sync_to_async
def name_of(book):
    return book.author.name


def streamed():
    return read(built.books().iterator(chunk_size=2))


def union():
    one = built.books().order_by()
    return read(one.union(Book.objects.filter(pages__lt=0)))  # <- built: union


def raw():
    rows = Book.objects.raw("SELECT id, author_id FROM testapp_book")  # <- built: raw
    return read(rows)


def of_manager():
    return read(Volume.shelved.titled())  # <- built: manager


def of_queryset():
    return read(Volume.printed.thick().in_order())  # <- built: queryset


def in_slices():
    rows = built.books()
    return read(rows[:3]) + read(rows[3:])


def for_any_model():
    return read(built.rows_of(Book))  # <- built: for any


def joined_here():
    return read(built.books().select_related("publisher"))  # <- built: joined here


def joined_by_queryset():
    return read(Volume.printed.with_publishers().order_by("pk"))  # <- built: joined by


def listed():
    return read(get_list_or_404(Book, pages__gt=0))  # <- built: listed


def related():
    return read(built.books_of(Publisher.objects.get(name="Publisher 0")))


def old_clone():
    return read(built.THICK.filter(pages__gt=1))


def old():
    return read(built.THICK.all())


def copied():
    return read(copy.deepcopy(built.books()))


def threaded():
    shared, names = connections["default"], []

    def work():
        connections["default"] = shared
        names.extend(read(rows))

    rows = built.books()
    shared.inc_thread_sharing()
    thread = threading.Thread(target=copy_context().run, args=(work,))
    thread.start()
    thread.join()
    shared.dec_thread_sharing()
    return names


def odd():
    rows = OddBook.objects.filter(pages__gt=0)  # <- built: odd
    return read(rows.order_by("pk"))


CASES = [
    (own, HERE, "own"),
    (in_a_loop, HERE, "loop"),
    (library_filters, HERE, "filters"),
    (lambda: read(built.books()), THERE, "helper"),
    (lambda: read(built.long_books()), THERE, "lines"),
    (lambda: read(built.thin_books()), THERE, "helper"),
    (lambda: read(built.thin_books().exclude(pk=0)), THERE, "helper"),
    (pages, THERE, "helper"),
    (in_slices, THERE, "helper"),
    (streamed, THERE, "helper"),
    (copied, THERE, "helper"),
    (async_to_sync(asynchronous), THERE, "helper"),
    (of_manager, HERE, "manager"),
    (of_queryset, HERE, "queryset"),
    (lambda: Volume.shelved.authors(), THERE, "inside"),
    (lambda: read(Volume.recent()), THERE, "classmethod"),
    (for_any_model, HERE, "for any"),
    (joined_here, HERE, "joined here"),
    (joined_by_queryset, HERE, "joined by"),
    (lambda: read(built.joined()), THERE, "joined"),
    (listed, HERE, "listed"),
    (old, THERE, "constant"),
    (old_clone, THERE, "constant"),
    (odd, HERE, "odd"),
    (prefetched, HERE, "prefetch"),
    (prefetched_later, HERE, "later"),
    (related, THERE, "related"),
    (union, HERE, "union"),
    (raw, HERE, "raw"),
    (threaded, THERE, "helper"),
]


@pytest.mark.parametrize(
    ("run", "file", "mark"), CASES, ids=[f"{n}-{mark}" for n, (_, _, mark) in enumerate(CASES)]
)
def test_the_line_that_builds_it_is_named(run, file, mark):
    with record(reads=True) as recording:
        assert run()
    found = [f for f in inspect(recording).findings if f.detector == "n-plus-one"]
    places = {(f.origin.file, f.origin.line) for f in found}
    assert places == {(file, line_of(file, f"built: {mark}"))}


def test_without_watching_it_is_the_line_that_evaluates():
    with record() as recording:
        read(built.books())
    [finding] = inspect(recording).findings
    assert (finding.origin.file, finding.origin.function) == (HERE, "read")


def test_one_line_evaluates_what_several_build():
    """Which of them must change is not known."""
    with record(reads=True) as recording:
        read(built.books())
        read(Book.objects.order_by("pk"))
    [source] = [s for s in recording.trace.sources if s.loaded_by == "queryset"]
    assert (source.built, source.evaluates) == (False, True)


def test_the_code_of_the_fix_names_the_manager_it_begins_with():
    with record(reads=True) as recording:
        of_queryset()
    [finding] = inspect(recording).findings
    assert finding.fix.code == 'Volume.printed.select_related("author")'


def test_what_a_helper_evaluates_for_any_model_is_not_told():
    with record(reads=True) as recording:
        built.named(Book)
    [source] = [s for s in recording.trace.sources if s.loaded_by == "queryset"]
    assert (source.built, source.location.function) == (False, "named")


def test_one_object_is_placed_where_it_is_asked_for():
    with record(reads=True) as recording:
        get_object_or_404(Book, title="Book 0")  # <- built: object
    [source] = recording.trace.sources
    assert (source.built, source.location.line) == (True, line_of(HERE, "built: object"))


# In views


def ok(values):
    return HttpResponse(str(values))


class BookSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.name")

    class Meta:
        model = Book
        fields = ["title", "author"]


class ByAttribute(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # <- built: attribute
    serializer_class = BookSerializer


class Narrowed(ByAttribute):
    def get_queryset(self):
        rows = super().get_queryset()  # <- built: super
        return rows.filter(pages__gt=0)


class Base(generics.ListAPIView):
    serializer_class = BookSerializer

    def get_queryset(self):
        return super().get_queryset().filter(pages__gt=0)


class Inheriting(Base):
    queryset = Book.objects.order_by("-pk")  # <- built: inheriting


class Helped(generics.ListAPIView):
    serializer_class = BookSerializer

    def get_queryset(self):
        return built.books()


class ByHand(generics.ListAPIView):
    queryset = Book.objects.order_by("pk")  # <- built: by hand
    serializer_class = BookSerializer

    def get_queryset(self):
        return self.queryset.filter(pages__gt=0)


class Plain(ListView):
    model = Book  # <- built: model
    template_name = "testapp/direct.html"
    context_object_name = "rows"


class Wrapped(Plain):
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class ListedByHelper(Plain):
    def get_queryset(self):
        return built.books()


class ListedAsDeclared(Plain):
    queryset = Book.objects.order_by("pk")  # <- built: declared


def passed_on(view):
    def inner(request):
        return view(request)

    return inner


def page(request):
    return ok(read(built.books()))


class HelpedAdmin(admin.ModelAdmin):
    list_display = ["title", "author"]
    list_select_related = ["publisher"]
    ordering = ["pk"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("genres")  # <- built: admin


class Folio(Book):
    class Meta:
        proxy = True
        app_label = "testapp"


helped = admin.AdminSite("helped")
helped.register(Folio, HelpedAdmin)

urlpatterns = [
    path("attribute/", ByAttribute.as_view()),
    path("super/", Narrowed.as_view()),
    path("inheriting/", Inheriting.as_view()),
    path("helped/", Helped.as_view()),
    path("hand/", ByHand.as_view()),
    path("model/", Plain.as_view()),
    path("wrapped/", Wrapped.as_view()),
    path("listed/", ListedByHelper.as_view()),
    path("declared/", ListedAsDeclared.as_view()),
    path("passed/", passed_on(page)),
    path("admin/", helped.urls),
]


@pytest.mark.parametrize(
    ("url", "file", "mark", "is_built"),
    [
        ("attribute/", HERE, "attribute", True),
        ("super/", HERE, "super", True),
        ("inheriting/", HERE, "inheriting", True),
        ("helped/", THERE, "helper", True),
        ("hand/", HERE, "by hand", True),
        ("model/", HERE, "model", True),
        ("wrapped/", HERE, "model", True),
        ("listed/", THERE, "helper", True),
        ("declared/", HERE, "declared", True),
        ("passed/", THERE, "helper", True),
    ],
)
def test_the_line_of_a_view_that_builds_its_rows_is_named(url, file, mark, is_built):
    with record(reads=True) as recording:
        assert Client().get(f"/{url}").status_code == 200
    [finding] = [f for f in inspect(recording).findings if f.detector == "n-plus-one"]
    assert (finding.origin.file, finding.origin.line) == (file, line_of(file, f"built: {mark}"))
    [source] = [s for s in recording.trace.sources if s.loaded_by == "queryset"]
    assert source.built is is_built


def test_the_list_of_an_admin_is_placed_where_its_class_takes_it(admin_client, settings):
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    with record(reads=True) as recording:
        assert admin_client.get("/admin/testapp/folio/").status_code == 200
    [finding] = [f for f in inspect(recording).findings if f.relation == "testapp.Book.author"]
    assert (finding.origin.file, finding.origin.line) == (HERE, line_of(HERE, "built: admin"))
    assert finding.fix.code == 'list_select_related = ["publisher", "author"]'


# What it leaves as it is


def answers():
    rows = [case[0]() for case in CASES]
    odd_one = OddBook.objects.filter(pages__gt=0)
    pickled = pickle.loads(pickle.dumps(Book.objects.order_by("pk")))
    kept = pickle.loads(pickle.dumps(built.books().query))
    again = Book.objects.all()
    again.query = kept
    return rows, odd_one.all().shelf, [b.pk for b in pickled], [b.pk for b in again]


def test_answers_are_the_same():
    plain = answers()
    with record(reads=True):
        assert answers() == plain


def test_nothing_is_put_on_querysets():
    plain = vars(built.books()).keys()
    with record(reads=True):
        rows = built.books()
        assert vars(rows).keys() == plain
        assert weakref.getweakrefcount(rows) == 1
        pickled = pickle.dumps(rows)
    assert weakref.getweakrefcount(rows) == 0
    assert [b.pk for b in pickle.loads(pickled)] == [b.pk for b in rows]


def test_querysets_are_not_kept():
    with record(reads=True) as recording:
        rows = built.books().filter(pages__gt=0)
        gone = weakref.ref(rows)
        del rows
        gc.collect()
        assert gone() is None
        assert not building._births
    assert recording.built == {}


def fail():
    assert QuerySet.__init__ is not ORIGINALS[0]
    raise KeyError


def test_it_ends_after_an_error():
    with pytest.raises(KeyError), record(reads=True):
        fail()


def test_blocks_may_overlap():
    one, other = watch_building(), watch_building()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert QuerySet.__init__ is not ORIGINALS[0]
    other.__exit__(None, None, None)
    assert QuerySet.__init__ is ORIGINALS[0]


def test_a_later_replacement_is_left_in_place():
    with watch_building():
        ours = QuerySet.__init__

        def theirs(self, *args, **kwargs):
            ours(self, *args, **kwargs)

        QuerySet.__init__ = theirs
    try:
        assert QuerySet.__init__ is theirs
        assert len(built.books()) == 5
    finally:
        QuerySet.__init__ = ORIGINALS[0]


def test_a_fault_stays_where_it_is(monkeypatch):
    faults = set()
    monkeypatch.setattr("queryscope.recording._reported", faults)
    monkeypatch.setattr(beginnings, "position_of", lambda frame: 1 / 0)
    with record(reads=True) as recording:
        assert len(read(built.books())) == 5
    assert len(faults) == 1
    assert len(inspect(recording).findings) == 1


def test_a_country_without_rows_is_no_fault():
    with record(reads=True) as recording:
        assert list(Country.objects.none()) == []
        assert list(Author.objects.filter(pk__in=[])) == []
    assert recording.trace.queries == 0


def test_another_recording_takes_it_over():
    with record(reads=True) as watched:
        page(None)
    with record() as measured:
        page(None)
    assert not any(source.built for source in measured.trace.sources)
    measured.adopt(watched.built)
    [finding] = inspect(measured).findings
    assert (finding.origin.file, finding.origin.line) == (THERE, line_of(THERE, "built: helper"))


def test_a_page_of_what_a_helper_builds_is_for_the_view():
    """Advice that concerns the rows' use, not what they load, stands where it stood."""
    told = []
    for reads in (False, True):
        with record("GET /listed/", "/listed/", reads=reads) as recording:
            Client().get("/listed/")
        settings = Settings(unbounded_rows=3)
        told += [f for f in inspect(recording, settings=settings).findings if f.fix and not f.saves]
    assert [f.detector for f in told] == ["unbounded-query"] * 2
    assert {f.fix.code for f in told} == {"paginate_by = 100"}
