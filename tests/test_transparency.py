"""The same code with and without recording: the same results, SQL and exceptions, to the letter."""

from __future__ import annotations

import copy
import pickle
import re

import django
import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, connections, models, transaction
from django.db.models import F, Prefetch, Q, prefetch_related_objects
from django.http import HttpResponse
from django.template import Context, Template
from django.test import AsyncClient, Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils.functional import SimpleLazyObject

from queryscope import inspect, record

from .testapp import features, loops
from .testapp.features import Folded, Kept, Label, Line, Seat
from .testapp.library import build
from .testapp.models import Author, Book, Edition, Genre, Note, Novel, Paperback, Shelf

pytestmark = pytest.mark.django_db(databases=["default", "other"])

NEW = pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes came with Django 6.1")
books = Book.objects
labels = Label.objects


def fetched(mode: str, rows: models.QuerySet) -> models.QuerySet:
    return rows.fetch_mode(getattr(models, mode)) if hasattr(rows, "fetch_mode") else rows


def blocked() -> list:
    return [book.author for book in fetched("FETCH_RAISE", books.all())]


def name_of(row: object) -> object:
    return getattr(row, "name", None) or getattr(row, "title", None) or row


def filled_in() -> list:
    line = Line.objects.create(book=books.first(), price=3)
    many = Line.objects.bulk_create([Line(book=line.book, price=n) for n in range(3)])
    rows = [(row.price, row.amount, row.total) for row in Line.objects.order_by("price", "pk")]
    deferred = [row.total for row in Line.objects.only("price").order_by("price", "pk")]
    return [line.amount, line.total, line.made_at is None, len(many), rows, deferred]


def changed_key() -> list:
    shelf = Shelf.objects.get(pk=(1, 1))
    Seat.objects.create(room=1, number=1)
    shelf.number = 7
    shelf.save()
    return [s.pk for s in Shelf.objects.order_by("pk")], [
        str(s.shelf.pk) for s in Seat.objects.all()
    ]


def added_to_a_set() -> int:
    return len(set(Folded.objects.all()) | set(Folded.objects.order_by("pk")))


def compared() -> list:
    rows = list(labels.order_by("pk"))
    return [rows.index(row) for row in rows], rows[0] == rows[1], rows[0] in rows[1:]


def unpickled(rows: object) -> list:
    again = pickle.loads(pickle.dumps(rows))
    return [(name_of(row), row.author.name, str(row._state.db)) for row in again]


def kept_twice() -> list:
    features.kept.clear()
    first = [row.author.name for row in Kept.objects.order_by("pk")]
    return first, [row.author.name for row in Kept.objects.order_by("pk")], len(features.kept)


def iterated_in_part() -> list:
    rows = books.order_by("pk")
    first = next(iter(rows))
    return first.title, rows._result_cache is not None, len(rows), rows[0] is first


def chained_generators() -> list:
    rows = (row for row in books.order_by("pk").iterator(chunk_size=2))
    first = next(rows)
    rows.close()
    return first.title, list(rows)


def related_states() -> list:
    rows = list(books.select_related("author").order_by("pk"))
    return [(sorted(vars(row)), sorted(row._state.fields_cache)) for row in rows]


def unsaved() -> object:
    return Book(title="never saved").reviews.all()


def rolled_back() -> list:
    try:
        with transaction.atomic():
            books.update(title="gone")
            raise KeyError("of the application")
    except KeyError:
        return sorted(books.values_list("title", flat=True))


def broken_block() -> object:
    with transaction.atomic():
        try:
            with transaction.atomic(savepoint=False):
                Author.objects.create(name="x", email="0@example.org")
        except IntegrityError:
            return Author.objects.count()


def copied() -> list:
    rows = books.order_by("pk")
    shallow, deep = copy.copy(rows), copy.deepcopy(rows)
    return [[b.author.name for b in q] for q in (rows, shallow, deep)], rows._hints


def combined() -> list:
    rows = books.filter(pages=100).union(books.filter(pages=1)).order_by("title")
    return [row.author.name for row in rows]


def prefetched_in_every_way() -> list:
    inner = Prefetch("reviews", queryset=loops.Review.objects.order_by("pk"), to_attr="found")
    rows = list(books.prefetch_related(inner, "genres", "notes", "editions").order_by("pk"))
    prefetch_related_objects(rows, "author__country", "readers")
    return [
        ([r.text for r in b.found], len(b.genres.all()), len(b.notes.all()), b.author.country.name)
        for b in rows
    ]


#: What the application does: its result, its SQL and what it raises are compared.
SAME = {
    "fetch-one": lambda: [b.author.name for b in fetched("FETCH_ONE", books.order_by("pk"))],
    "fetch-peers": lambda: [b.author.name for b in fetched("FETCH_PEERS", books.order_by("pk"))],
    "fetch-raise": blocked,
    "fetch-peers-deferred": lambda: [
        b.summary for b in fetched("FETCH_PEERS", books.defer("summary").order_by("pk"))
    ],
    "custom-manager": lambda: [e.number for b in books.all() for e in b.editions.all()],
    "default-manager-hides": lambda: Edition.available.count() < Edition.everything.count(),
    "base-manager": lambda: [e.book.title for e in Edition.everything.order_by("pk")],
    "base-manager-refresh": lambda: [e.refresh_from_db() for e in Edition.everything.all()],
    "no-default-manager-called-objects": lambda: Edition.objects,
    "queryset-that-counts": lambda: [k.author.name for k in Kept.counted.order_by("pk")],
    "queryset-that-caches": kept_twice,
    "equal-by-name": compared,
    "unhashable": lambda: [row.author.name for row in labels.order_by("pk")],
    "unhashable-in-a-set": lambda: set(labels.all()),
    "unhashable-prefetched": lambda: len(Author.objects.prefetch_related("labels")),
    "unhashable-in-bulk": lambda: sorted(labels.in_bulk()),
    "hashed-by-name": added_to_a_set,
    "hashed-lazily": lambda: [row.author.name for row in Folded.objects.order_by("pk")],
    "pickled-queryset": lambda: unpickled(books.order_by("pk")),
    "pickled-joined": lambda: unpickled(books.select_related("author").order_by("pk")),
    "pickled-prefetched": lambda: unpickled(books.prefetch_related("author").order_by("pk")),
    "pickled-rows": lambda: unpickled(list(books.order_by("pk"))),
    "pickled-evaluated": lambda: unpickled([books.order_by("pk")][0][:3]),
    "pickled-query": lambda: str(pickle.loads(pickle.dumps(books.filter(pages=1).query))),
    "proxy": lambda: [b.author.name for b in Paperback.objects.order_by("pk")],
    "proxy-is-a-proxy": lambda: {type(b).__name__ for b in Paperback.objects.all()},
    "child": lambda: [n.author.name for n in Novel.objects.order_by("pk")],
    "child-deferred": lambda: [n.title for n in Novel.objects.only("period").order_by("pk")],
    "parent-to-child": lambda: [hasattr(b, "novel") for b in books.order_by("pk")],
    "parent-link": lambda: [n.book_ptr.title for n in Novel.objects.order_by("pk")],
    "child-delete": lambda: Novel.objects.all().delete(),
    "composite-key": lambda: [s.keeper.name for s in Shelf.objects.order_by("pk")],
    "composite-key-get": lambda: Shelf.objects.get(pk=(1, 1)).pk,
    "composite-key-in": lambda: len(Shelf.objects.filter(pk__in=[(1, 0), (1, 2)])),
    "composite-key-change": changed_key,
    "filled-in-by-the-database": filled_in,
    "generic": lambda: [name_of(n.content_object) for n in Note.objects.order_by("pk")],
    "many-to-many": lambda: [list(g.books.order_by("pk")) for g in Genre.objects.order_by("pk")],
    "raw": lambda: [b.author.name for b in books.raw("SELECT * FROM testapp_book ORDER BY id")],
    "raw-in-part": lambda: [b.title for b in books.raw("SELECT id FROM testapp_book ORDER BY id")],
    "union": combined,
    "copied": copied,
    "iterated-in-part": iterated_in_part,
    "closed-generator": chained_generators,
    "states": related_states,
    "prefetches": prefetched_in_every_way,
    "repr": lambda: (repr(books.order_by("pk")), repr(books.raw("SELECT 1")), repr(books)),
    "explain": lambda: bool(books.filter(pages=1).explain()),
    "rolled-back": rolled_back,
    "on-the-other": lambda: [b.author._state.db for b in books.using("other")],
    "does-not-exist": lambda: books.get(title="nothing"),
    "two-returned": lambda: books.get(pages=100),
    "no-related": lambda: books.order_by("pk")[0].novel,
    "no-field": lambda: books.filter(nothing=1),
    "no-value": lambda: books.filter(pages="many").count(),
    "sliced-then-filtered": lambda: books.all()[:1].filter(pages=1),
    "unsaved": unsaved,
    "integrity": lambda: Author.objects.create(name="x", email="0@example.org"),
    "broken-transaction": broken_block,
    "of-the-application": lambda: [1 / 0 for _ in books.all()],
    "expression": lambda: books.filter(Q(pages=F("pages")) | Q(title="x")).update(pages=F("pk")),
}
#: Which of them raise, and what: no case is equal only because it cannot run at all.
RAISING = {
    "does-not-exist": Book.DoesNotExist,
    "two-returned": Book.MultipleObjectsReturned,
    "no-related": Novel.DoesNotExist,
    "no-field": FieldError,
    "no-value": ValueError,
    "no-default-manager-called-objects": AttributeError,
    "sliced-then-filtered": TypeError,
    "unsaved": ValueError,
    "unhashable-in-a-set": TypeError,
    "integrity": IntegrityError,
    "broken-transaction": transaction.TransactionManagementError,
    "of-the-application": ZeroDivisionError,
}
if django.VERSION >= (6, 1):
    from django.core.exceptions import FieldFetchBlocked

    RAISING["fetch-raise"] = FieldFetchBlocked
_SAVEPOINT = re.compile(r'"s\d+_x\d+"')


def outcome(action, *, recorded: bool, case: str = "") -> tuple[str, list[str]]:
    """What an action returned or raised, and the SQL that it ran; undone afterwards."""
    features.kept.clear()
    contexts = [CaptureQueriesContext(connections[alias]) for alias in ("default", "other")]
    with transaction.atomic(), contexts[0], contexts[1]:
        try:
            with transaction.atomic():
                if recorded:
                    with record():
                        result = repr(action())
                else:
                    result = repr(action())
        except Exception as error:
            chain = [error.__cause__, error.__context__]
            if not isinstance(error, RAISING.get(case, ())) and case:
                raise
            result = f"{type(error).__name__}: {error}; {[type(e).__name__ for e in chain]}"
        else:
            assert case not in RAISING
        transaction.set_rollback(True)
    sql = [str(query["sql"]) for context in contexts for query in context.captured_queries]
    if connection.vendor == "postgresql":  # Its sequences go on although a transaction is undone.
        sql = [re.sub(r"\d+", "0", text) for text in sql]
    return re.sub(r" at 0x\w+", "", result), [_SAVEPOINT.sub("s", text) for text in sql]


@pytest.fixture
def libraries(library):
    build("other")
    authors = Author.objects.order_by("pk")
    Label.objects.bulk_create(Label(name="one", author=author) for author in authors)
    Folded.objects.bulk_create(Folded(name="one", author=author) for author in authors)
    Kept.objects.bulk_create(Kept(author=author) for author in authors)


@pytest.mark.parametrize("case", SAME)
def test_recording_changes_nothing(libraries, case):
    plain = outcome(SAME[case], recorded=False, case=case)
    recorded = outcome(SAME[case], recorded=True, case=case)
    again = outcome(SAME[case], recorded=False, case=case)
    if connection.vendor == "postgresql":  # Sequences go on where a transaction is rolled back.
        plain, recorded, again = (
            (result, [re.sub(r"\d+", "0", s) for s in sql])
            for result, sql in (plain, recorded, again)
        )
    assert recorded == plain == again


@NEW
def test_a_fetch_mode_that_raises_does_so_when_recorded(libraries):
    with record() as recording, pytest.raises(RAISING["fetch-raise"]):
        blocked()
    assert recording.queries == 1


@NEW
@pytest.mark.parametrize(
    ("mode", "queries", "found"), [("FETCH_ONE", 6, ["n-plus-one"]), ("FETCH_PEERS", 2, [])]
)
def test_one_by_one_is_found_and_all_peers_at_once_is_not(libraries, mode, queries, found):
    with record() as recording:
        SAME["fetch-one" if mode == "FETCH_ONE" else "fetch-peers"]()
    assert recording.queries == queries
    assert [finding.detector for finding in inspect(recording).findings] == found


FOUND = [
    ("unhashable", "Label.author"),
    ("hashed-lazily", "Folded.author"),
    ("queryset-that-counts", "Kept.author"),
    ("proxy", "Book.author"),
    ("child", "Book.author"),
    ("composite-key", "Shelf.keeper"),
    ("custom-manager", "Book.editions"),
    ("base-manager", "Edition.book"),
    ("raw", "Book.author"),
    ("raw-in-part", "Book.title"),
    ("union", "Book.author"),
    ("pickled-queryset", "Book.author"),
    ("pickled-rows", "Book.author"),
    ("queryset-that-caches", "Kept.author"),
]


@pytest.mark.parametrize(("case", "relation"), FOUND, ids=[case for case, _ in FOUND])
def test_what_is_unusual_is_found_all_the_same(libraries, case, relation):
    with record() as recording:
        SAME[case]()
    assert f"testapp.{relation}" in {f.relation for f in inspect(recording).findings}


def test_generated_columns_that_are_deferred_are_found(libraries):
    Line.objects.bulk_create(Line(book=books.first(), price=n) for n in range(3))
    with record() as recording:
        [line.total for line in Line.objects.only("price")]
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == ("testapp.Line.total", 3)


class Replicas:
    """Reads go to the replica, writes to the primary; the instance's own database is not kept."""

    def db_for_read(self, model, **hints):
        return "other"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, *objects, **hints):
        return True


def read_here_write_there() -> list:
    book = books.order_by("pk").first()
    book.title = "changed"
    book.save()
    Genre.objects.create(name="new")
    book.genres.add(Genre.objects.using("default").get(name="new"))
    names = [b.author.name for b in books.order_by("pk")]
    return book.author._state.db, names, books.using("default").get(pk=book.pk).title


@override_settings(DATABASE_ROUTERS=["tests.test_transparency.Replicas"])
def test_a_router_sends_queries_where_it_did(libraries):
    plain = outcome(read_here_write_there, recorded=False)
    recorded = outcome(read_here_write_there, recorded=True)
    assert (recorded[0], len(recorded[1])) == (plain[0], len(plain[1]))
    assert plain[0].startswith("('other', ")


@override_settings(DATABASE_ROUTERS=["tests.test_transparency.Replicas"])
def test_an_n_plus_one_on_a_replica_is_found_there(libraries):
    with record() as recording:
        list(loops.forward_fk(Book.objects.all()))
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == ("testapp.Book.author", 5)
    assert {group.database for group in recording.trace.groups} == {"other"}


# In requests.


def writes_and_fails(request):
    Genre.objects.create(name="of a request that fails")
    raise ValueError("of the application")


def writes(request):
    Genre.objects.create(name="of a request")
    return HttpResponse(str(connection.in_atomic_block))


@transaction.non_atomic_requests
def apart(request):
    return HttpResponse("apart")


async def asynchronous(request):
    return HttpResponse("never")


urlpatterns = [
    path("writes/", writes),
    path("fails/", writes_and_fails),
    path("apart/", apart),
    path("asynchronous/", asynchronous),
]
OURS = "queryscope.middleware.QueryScopeMiddleware"


def answer(url: str, client: Client | AsyncClient) -> tuple[object, int]:
    get = async_to_sync(client.get) if isinstance(client, AsyncClient) else client.get
    try:
        response = get(url)
        said: object = response.status_code, response.content
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    return said, Genre.objects.filter(name__startswith="of a request").count()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("url", ["writes", "fails", "apart", "asynchronous"])
@pytest.mark.parametrize("atomic", [True, False], ids=["atomic", "autocommit"])
def test_atomic_requests_end_as_they_did(libraries, settings, monkeypatch, kind, url, atomic):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)
    answers = []
    for middleware in ([], [OURS]):
        settings.MIDDLEWARE = middleware
        with transaction.atomic():
            answers.append(answer(f"/{url}/", kind()))
            transaction.set_rollback(True)
    assert answers[0] == answers[1]
    if url == "fails":
        assert answers[0] == ("ValueError: of the application", 0 if atomic else 1)


@pytest.mark.skipif(django.VERSION < (6, 0), reason="django.tasks came with Django 6.0")
def test_a_task_runs_as_it_did_and_is_recorded(libraries, settings):
    from .testapp import background

    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
    plain = background.names.enqueue()
    with record() as recording:
        result = background.names.enqueue()
    assert (result.status, result.return_value) == (plain.status, plain.return_value)
    [finding] = inspect(recording).findings
    assert (finding.relation, finding.count) == ("testapp.Book.author", 5)
    assert finding.location.file == background.__file__


LAZY = {
    "{{ thing.name }}": lambda: Author.objects.create(name="new", email="new@example.com"),
    "{% for book in thing %}{{ book.title }}{% endfor %}": lambda: list(books.all()),
    "{% if thing.name %}yes{% endif %}": lambda: Author.objects.first(),
    "{% with other=thing %}{{ other.name }}{% endwith %}": lambda: Author.objects.first(),
    "{% for b in thing.books.all %}{{ b.title }}{% endfor %}": lambda: Author.objects.first(),
    "{% include inner with row=thing %}": lambda: Author.objects.first(),
}


@pytest.mark.parametrize("source", LAZY)
def test_what_is_lazy_is_evaluated_once(libraries, source):
    """isinstance() of a lazy object that is being set up sets it up once more."""

    def rendered():
        calls = []
        made = SimpleLazyObject(lambda: calls.append(1) or LAZY[source]())
        inner = Template("{{ row.name }}{% for b in row.books.all %}{{ b.title }}{% endfor %}")
        with CaptureQueriesContext(connection) as captured:
            text = Template(source).render(Context({"thing": made, "inner": inner}))
        Author.objects.filter(email="new@example.com").delete()
        return text, len(calls), [query["sql"].split(" WHERE ")[0] for query in captured]

    without = rendered()
    with record():
        assert rendered() == without
    assert without[1] == 1
