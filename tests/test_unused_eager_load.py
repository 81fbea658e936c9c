"""What is loaded ahead and never read: found, cut to what is used, and silent about all else."""

from __future__ import annotations

import copy
import pickle
import threading
from operator import attrgetter

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers as core_serializers
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection, transaction
from django.forms.models import model_to_dict
from django.template import engines

from queryscope import inspect, origins, record, watching
from queryscope.core.events import Trace
from queryscope.core.findings import Finding

from .marks import named
from .testapp import branches, eager
from .testapp.models import Book
from .testapp.serializers import (
    DepthSerializer,
    NestedManySerializer,
    NestedSerializer,
    PlainSerializer,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("library")]


def unused(*recordings, **options) -> list[Finding]:
    findings = inspect(*recordings, **options).findings
    return [finding for finding in findings if finding.detector == "unused-eager-load"]


def watched(function, read, name=""):
    with record(name, reads=True) as recording:
        function(read)
    return recording


def title(row):
    return row.title


def name(row):
    return row.name


def text(row):
    return row.text


def template(source):
    compiled = engines["django"].from_string(source)
    return lambda row: compiled.render({"row": row})


FOUND = [
    (eager.joined, title, "Book.author", "remove .select_related('author')"),
    (eager.joined, lambda b: b.author_id, "Book.author", "remove .select_related('author')"),
    (eager.joined, lambda b: b.pk, "Book.author", "remove .select_related('author')"),
    (eager.joined, lambda b: (b.pk, b == b, hash(b), str(b)), "Book.author", "remove"),
    (eager.joined, lambda b: PlainSerializer(b).data, "Book.author", "remove"),
    (eager.joined, template("{{ row.title }}"), "Book.author", "remove"),
    (eager.joined, lambda b: b.reviews.count(), "Book.author", "remove"),
    (eager.joined, lambda b: setattr(b, "pages", 3) or b.title, "Book.author", "remove"),
    (eager.joined_two, lambda b: b.author.name, "Book.publisher", "select_related('author')"),
    (eager.joined_two, lambda b: b.publisher, "Book.author", "select_related('publisher')"),
    (eager.joined_chain, lambda b: b.author.name, "Author.country", "select_related('author')"),
    (eager.joined_chain, lambda b: b.author.country_id, "Author.country", "('author')"),
    (eager.joined_chain, title, "Book.author", "remove .select_related('author__country')"),
    (eager.joined_reverse, name, "Author.profile", "remove .select_related('profile')"),
    (eager.joined_narrow, title, "Book.author", "remove .select_related('author')"),
    (eager.joined_some, title, "Book.editor", "remove .select_related('editor')"),
    (eager.joined_child, lambda n: n.author, "Novel.translator", "select_related('author')"),
    (eager.joined_child, lambda n: n.translator, "Book.author", "('translator')"),
    (eager.joined_proxy, title, "Book.author", "remove .select_related('author')"),
    (eager.fetched, title, "Book.reviews", "remove .prefetch_related('reviews')"),
    (eager.fetched_two, lambda b: len(b.genres.all()), "Book.reviews", "('genres')"),
    (eager.fetched_two, lambda b: b.reviews.all()[0], "Book.genres", "('reviews')"),
    (eager.fetched_chain, title, "Book.reviews", "remove .prefetch_related('reviews__reviewer')"),
    (
        eager.fetched_chain,
        lambda b: [r.text for r in b.reviews.all()],
        "Review.reviewer",
        "prefetch_related('reviews')",
    ),
    (
        eager.fetched_through_join,
        lambda b: b.author.name,
        "Author.pupils",
        "Book.objects.select_related('author')",
    ),
    (eager.fetched_as, lambda b: b.genres.all(), "Book.sorted", "prefetch_related('genres')"),
    (eager.fetched_as, lambda b: b.sorted, "Book.genres", "remove .prefetch_related('genres')"),
    (eager.fetched_object, lambda b: b.reviews, "Book.genres", "remove"),
    (eager.fetched_reverse, name, "Genre.books", "remove .prefetch_related('books')"),
    (eager.fetched_generic, text, "Note.content_object", "remove"),
    (eager.fetched_each_generic, text, "Note.content_object", "remove"),
    (eager.fetched_generic_relation, title, "Book.notes", "remove .prefetch_related('notes')"),
    (branches.of_an_author, title, "Book.publisher", "remove .select_related('publisher')"),
]


@pytest.mark.parametrize(("function", "read", "relation", "code"), FOUND, ids=named)
def test_what_nothing_reads_is_found(function, read, relation, code):
    [finding] = unused(watched(function, read))
    assert finding.relation == f"testapp.{relation}"
    assert code in finding.fix.code.replace('"', "'")
    assert (finding.confidence, finding.proof) == ("likely", None)
    assert finding.location.function == finding.origin.function
    fetched = finding.fix.kind == "prefetch_related"
    assert (finding.severity, finding.saves > 0) == (("warning" if fetched else "info"), fetched)


def in_thread(read):
    def reader(row):
        values = []
        worker = threading.Thread(target=lambda: values.append(read(row)))
        worker.start()
        worker.join()
        return values

    return reader


def cached(row):
    LocMemCache("unused", {}).set("row", row)


def author_of(row):
    return row.author.name


USED = [
    (eager.joined, author_of),
    (eager.joined, lambda b: bool(b.author)),
    (eager.joined, lambda b: hasattr(b, "author")),
    (eager.joined, attrgetter("author")),
    (eager.joined, lambda b: b.author is None),
    (eager.joined, lambda b: b.title == "Book 3" and b.author.name),
    (eager.joined, in_thread(author_of)),
    (eager.joined, template("{{ row.author }}")),
    (eager.joined, template("{% if row.author %}x{% endif %}")),
    (eager.joined, template("{% with a=row.author %}{{ a.name }}{% endwith %}")),
    (eager.joined, lambda b: NestedSerializer(b).data),
    (eager.joined, lambda b: DepthSerializer(b).data["title"] and b.author),
    (eager.joined, lambda b: pickle.dumps(b)),
    (eager.joined, lambda b: copy.copy(b)),
    (eager.joined, lambda b: copy.deepcopy(b)),
    (eager.joined, lambda b: vars(b)),
    (eager.joined, lambda b: b.__dict__),
    (eager.joined, lambda b: b._state.fields_cache["author"]),
    (eager.joined, lambda b: b._state.adding),
    (eager.joined, lambda b: Book._meta.get_field("author").get_cached_value(b)),
    (eager.joined, lambda b: model_to_dict(b)),
    (eager.joined, lambda b: b.save()),
    (eager.joined, lambda b: core_serializers.serialize("json", [b])),
    (
        eager.joined,
        lambda b: core_serializers.serialize("json", [b], use_natural_foreign_keys=True),
    ),
    (eager.joined, cached),
    (eager.joined, lambda b: None),
    (eager.joined_null, title),
    (eager.joined_reverse, lambda a: hasattr(a, "profile")),
    (eager.joined_narrow, author_of),
    (eager.joined_chain, lambda b: b.author.country_name),
    (eager.joined_chain, lambda b: b.author.country),
    (eager.joined_child, lambda n: (n.author, n.translator)),
    (eager.reviews_of_books, str),
    (eager.fetched, lambda b: len(b.reviews.all())),
    (eager.fetched, lambda b: bool(b.reviews.all())),
    (eager.fetched, lambda b: b.reviews.count()),
    (eager.fetched, lambda b: b.reviews.all().exists()),
    (eager.fetched, lambda b: list(b.reviews.filter(text="x"))),
    (eager.fetched, lambda b: b.reviews),
    (eager.fetched, lambda b: b.title == "Book 3" and list(b.reviews.all())),
    (eager.fetched, lambda b: NestedManySerializer(b).data),
    (eager.fetched, lambda b: b._prefetched_objects_cache),
    (eager.fetched, template("{% for r in row.reviews.all %}{{ r.text }}{% endfor %}")),
    (eager.fetched, template("{{ row.reviews.count }}")),
    (eager.fetched, lambda b: pickle.dumps(b)),
    (eager.fetched_as, lambda b: (b.genres.all(), b.sorted)),
    (eager.fetched_as, template("{{ row.genres.all }}{{ row.sorted }}")),
    (eager.fetched_chain, lambda b: [r.reviewer.name for r in b.reviews.all()]),
    (eager.fetched_chain, lambda b: [r.reviewer.name for r in b.reviews.all() if r.pk % 2]),
    (eager.fetched_none, title),
    (eager.fetched_through_join, lambda b: b.author.pupils.all()),
    (eager.fetched_reverse, lambda g: [b.title for b in g.books.all()]),
    (eager.fetched_generic, lambda n: n.content_object),
    (eager.fetched_each_generic, lambda n: n.content_object),
    (eager.fetched_generic_relation, lambda b: b.notes.all()),
    (eager.fetched_one, title),
    (eager.first_of, title),
    (eager.few, title),
    (eager.streamed, title),
    (eager.streamed_in_batches, title),
    (branches.of_an_author, lambda b: b.publisher.name),
    (eager.through_a_manager, title),
    (branches.mentions, title),
    (branches.one_call_away, title),
    (
        eager.fetched_two,
        template("{{ row.title }}{% if no %}{{ row.reviews.all }}{{ row.genres.all }}{% endif %}"),
    ),
]


@pytest.mark.parametrize(("function", "read"), USED, ids=named)
def test_what_may_be_read_is_not_reported(function, read):
    assert unused(watched(function, read)) == []


@pytest.mark.filterwarnings("ignore:Calling select_related")
def test_all_joins_at_once_are_not_taken_apart():
    assert unused(watched(eager.joined_all, title)) == []


def test_a_lock_keeps_the_joins_it_names():
    if not connection.features.has_select_for_update_of:
        pytest.skip("no SELECT FOR UPDATE OF")
    with transaction.atomic():
        assert unused(watched(eager.locked, title)) == []


@pytest.mark.parametrize(("read", "found"), [(title, 1), (author_of, 0)])
def test_async_rows(read, found):
    assert len(unused(watched(async_to_sync(eager.asynchronous), read))) == found


def test_what_one_request_needs_the_other_may_not():
    both = watched(eager.joined, title, "GET /a/"), watched(eager.joined, author_of, "GET /b/")
    assert unused(*both) == []
    assert unused(*reversed(both)) == []


def test_what_no_request_needs_is_told_of_each():
    both = [watched(eager.joined, title, name) for name in ("GET /a/", "GET /b/")]
    assert [finding.endpoint for finding in unused(*both)] == ["GET /a/", "GET /b/"]


def test_one_object_shows_what_is_read_and_not_what_is_not():
    few, many = watched(eager.few, author_of), watched(eager.joined, title)
    assert len(unused(few, many)) == 1  # another line


@pytest.mark.parametrize("status", [400, 404, 500, 302, 304])
def test_a_failed_request_says_nothing(status):
    recording = watched(eager.joined, title)
    recording.status = status
    assert unused(recording) == []


def test_a_failed_request_keeps_others_from_being_sure():
    failed, well = watched(eager.joined, title, "a"), watched(eager.joined, title, "b")
    failed.status = 500
    assert unused(failed, well) == []


def test_an_error_within_the_block_says_nothing():
    def fail(row):
        if row.title == "Book 4":
            raise LookupError
        return row.title

    with pytest.raises(LookupError), record(reads=True) as recording:
        eager.joined(fail)
    assert unused(recording) == []


def test_without_watching_nothing_is_said():
    with record() as recording:
        eager.joined(title)
    assert unused(recording) == []


def test_measured_requests_are_judged_by_watched_ones():
    with record("GET /") as measured:
        eager.joined(title)
    first = watched(eager.joined, title, "GET /").trace
    [finding] = unused(measured, watched=[first])
    assert finding.endpoint == "GET /"
    read = watched(eager.joined, author_of, "GET /other/").trace
    assert unused(measured, watched=[first, read]) == []


def test_objects_beyond_the_limit_say_nothing(monkeypatch):
    monkeypatch.setattr(watching, "MOST_OBJECTS", 4)
    assert unused(watched(eager.joined, title)) == []


def test_rows_beyond_those_remembered_say_nothing(monkeypatch):
    monkeypatch.setattr(origins, "_MOST_KEPT", 2)
    assert len(unused(watched(eager.joined, title))) == 1
    monkeypatch.setattr(origins, "_MOST_ROWS", 4)
    assert unused(watched(eager.joined, title)) == []


def test_a_trace_keeps_what_was_read():
    trace = watched(eager.joined_two, author_of).trace
    [finding] = unused(Trace.from_dict(trace.as_dict()))
    assert finding.relation == "testapp.Book.publisher"
    assert trace.watched
