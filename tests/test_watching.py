"""Watching what is read of rows changes nothing that the application can see, and ends."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import threading
import weakref

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils.functional import cached_property

from queryscope import record
from queryscope.watching import Watch, watch_reads

from .testapp import reads
from .testapp.models import Author, Book, Novel, Paperback, Prickly, Shelf

pytestmark = pytest.mark.django_db


def is_replaced():
    return "__getattribute__" in vars(Model)


@pytest.fixture(autouse=True)
def put_back():
    yield
    assert not is_replaced()


# What the application sees

KINDS = ["forward_fk", "reverse_fk", "m2m", "generic_fk", "generic_relation", "deferred", "chain"]
PLACES = [
    *("loop", "comprehension", "streaming", "thread", "asynchronous", "method", "rendered"),
    *("template_response", "list_view", "list_api", "viewset", "function_api"),
]
PAGES = [f"/{place}/{kind}/" for place in PLACES for kind in KINDS if kind in reads.KINDS]
PAGES += ["/form/", "/books/", "/tags/row/", "/properties/", "/labels/", "/api/NestedSerializer/"]
PAGES += ["/api/MetaSerializer/", "/api/DepthSerializer/", "/me/", "/boxed/", "/feed/"]
PAGES += [f"/admin/testapp/{name}/" for name in ("book", "author", "review", "genre", "member")]


@pytest.mark.urls("tests.testapp.urls")
@pytest.mark.parametrize("url", PAGES)
def test_a_page_is_the_same(library, client, url):
    client.force_login(get_user_model().objects.create_superuser("boss", "b@example.org", "pw"))
    before = answer(client, url)
    with record(reads=True) as recording:
        during = answer(client, url)
    assert during == before == answer(client, url)
    assert before[0] == 200
    assert recording.trace.watched


def answer(client: Client, url: str) -> tuple[int, bytes]:
    response = client.get(url)
    body = b"".join(response) if response.streaming else response.content
    # A token of its own, and the time to the second.
    own = rb'csrf[^>]*value="[^"]*"|<lastBuildDate>[^<]*'
    return response.status_code, re.sub(own, b"", body)


class Tail:
    """Comes after Model in the order of bases, and has a say as well."""

    def __getattribute__(self, name):
        return "tail" if name == "from_tail" else super().__getattribute__(name)


class Odd(Author, Tail):
    class Meta:
        proxy = True
        app_label = "testapp"

    def __getattribute__(self, name):
        if name == "shouted":
            return super().__getattribute__("name").upper()
        return super().__getattribute__(name)

    def __getattr__(self, name):
        if name.startswith("made_"):
            return name
        raise AttributeError(f"no {name} here")

    @property
    def breaks(self):
        return self.missing_attribute

    @property
    def depth(self):
        return 0 if self.mentor is None else 1 + self.mentor.depth

    @cached_property
    def computed(self):
        return [self.name]

    def __eq__(self, other):
        return isinstance(other, Odd) and self.name == other.name

    def __hash__(self):
        return hash(self.name)


def raised(read, row):
    try:
        return read(row)
    except Exception as error:
        return type(error), str(error)


READS = {
    "name": lambda row: row.name,
    "own": lambda row: row.shouted,
    "tail": lambda row: row.from_tail,
    "made": lambda row: row.made_up,
    "missing": lambda row: row.nowhere,
    "default": lambda row: getattr(row, "nowhere", 3),
    "has": lambda row: (hasattr(row, "nowhere"), hasattr(row, "profile"), hasattr(row, "made_a")),
    "property": lambda row: row.breaks,
    "cached": lambda row: (row.computed, row.computed is row.computed, sorted(vars(row))),
    "equal": lambda row: (row == Odd(name=row.name), row in {row}, row != 3),
    "pickled": lambda row: pickle.loads(pickle.dumps(row)).name,
    "copied": lambda row: (copy.copy(row).name, copy.deepcopy(row).pk == row.pk),
    "reverse": lambda row: row.profile.bio,
    "nothing": lambda row: Odd().profile,
    "class": lambda row: (row.__class__, type(row).__name__, isinstance(row, Author)),
    "dir": lambda row: sorted(dir(row)),
    "bound": lambda row: row.mentor_name() and row.mentor_name.__self__ is row,
    "deferred": lambda row: Odd.objects.defer("email").get(pk=row.pk).email,
    "set": lambda row: setattr(row, "name", "n") or row.name,
    "deleted": lambda row: delattr(row, "name") or row.name,
    "refreshed": lambda row: row.refresh_from_db() or row.name,
    "saved": lambda row: row.save() or row.pk,
    "representation": repr,
}


@pytest.mark.parametrize("name", READS)
def test_an_odd_object_is_the_same(library, name):
    first, second = (Odd.objects.get(name="Author 1") for _ in range(2))
    plain = raised(READS[name], first)
    with watch_reads():
        assert raised(READS[name], second) == plain


ROWS = {
    "child": lambda: [(n.period, n.author.name, n.book_ptr.pk) for n in Novel.objects.all()],
    "proxy": lambda: [(p.title, p.publisher.name) for p in Paperback.objects.order_by("pk")],
    "composite": lambda: [(s.pk, s.keeper.name) for s in Shelf.objects.order_by("number")],
    "prickly": lambda: [p.author.name for p in Prickly.objects.order_by("pk")],
    "only": lambda: [(b.title, b.pages) for b in Book.objects.only("title").order_by("pk")],
    "values": lambda: list(Book.objects.order_by("pk").values("title", "author__name")),
    "raw": lambda: [b.title for b in Book.objects.raw("SELECT id FROM testapp_book")],
    "iterator": lambda: [b.author.name for b in Book.objects.order_by("pk").iterator(2)],
    "prefetched": lambda: [
        [(r.text, r.reviewer.name) for r in b.reviews.all()]
        for b in Book.objects.prefetch_related("reviews__reviewer").order_by("pk")
    ],
    "bulk": lambda: Book.objects.bulk_update(list(Book.objects.all()), ["pages"]),
    "deleted": lambda: Author.objects.filter(name="Author 4").delete()[0] > 0,
}


@pytest.mark.parametrize("name", [n for n in ROWS if n != "deleted"])
def test_rows_are_the_same(library, name):
    plain = ROWS[name]()
    with record(reads=True):
        assert ROWS[name]() == plain


def test_rows_are_deleted(library):
    with record(reads=True):
        assert ROWS["deleted"]()
    assert not Author.objects.filter(name="Author 4").exists()


def test_a_deep_tree_is_walked():
    """Watching costs a frame for each attribute: no more."""
    top = None
    for _ in range(120):
        top = Odd(mentor=top)
    with watch_reads():
        assert top.depth == 119


# When it ends


def fail():
    assert is_replaced()
    raise KeyError


def test_it_ends_after_an_error():
    with pytest.raises(KeyError), record(reads=True):
        fail()


def test_blocks_may_overlap():
    one, other = watch_reads(), watch_reads()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert is_replaced()
    other.__exit__(None, None, None)
    assert not is_replaced()


def test_blocks_of_threads_do_not_end_one_another(library):
    ready, go = threading.Barrier(8), threading.Event()
    seen = []

    def work():
        with watch_reads() as watch:
            ready.wait(10)
            go.wait(10)
            author = Author(name="x")
            seen.append((author.name, is_replaced(), watch.complete))

    threads = [threading.Thread(target=work) for _ in range(7)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    assert is_replaced()
    go.set()
    for thread in threads:
        thread.join()
    assert seen == [("x", True, True)] * 7


def test_another_replacement_is_left_in_place():
    def theirs(self, name):
        return super(Model, self).__getattribute__(name)

    Model.__getattribute__ = theirs
    try:
        with watch_reads() as watch:
            assert Author(name="x").name == "x"
        assert vars(Model)["__getattribute__"] is theirs
    finally:
        del Model.__getattribute__
    assert not watch.complete


def test_a_fault_in_watching_stays_there(monkeypatch, library):
    def fault(*arguments):
        raise RuntimeError("of queryscope")

    monkeypatch.setattr(Watch, "note", fault)
    with record(reads=True) as recording:
        assert [book.title for book in Book.objects.all()]
    assert {source.usage for source in recording.trace.sources} == {None}


def test_nothing_is_kept_afterwards(library):
    with record(reads=True) as recording:
        rows = list(Book.objects.select_related("author"))
        alive = [weakref.ref(row) for row in rows]
        assert [row.author.name for row in rows]
    assert recording.outliving == {0, 1}
    del rows
    gc.collect()
    assert [reference() for reference in alive] == [None] * len(alive)
    assert recording.outliving == frozenset()


def replaced(request):
    return HttpResponse(str(is_replaced()))


urlpatterns = [path("replaced/", replaced)]


@pytest.mark.urls(__name__)
def test_the_middleware_never_watches(client, settings):
    settings.MIDDLEWARE = ["queryscope.middleware.QueryScopeMiddleware"]
    assert client.get("/replaced/").content == b"False"
