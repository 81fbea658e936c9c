"""Which queryset a row came from, where that takes more than one look."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.signals import post_init

from queryscope import inspect, record
from queryscope.core.detection import Options, detect

from .testapp import loops
from .testapp.features import Kept, Mark
from .testapp.models import Author, Book, Country

pytestmark = pytest.mark.django_db

books = Book.objects


def found(recording):
    return {
        (f.relation and f.relation.removeprefix("testapp."), f.count, f.confidence)
        for f in inspect(recording).findings
    }


@contextmanager
def on_each_row(model, action):
    def receiver(instance, **kwargs):
        action()

    post_init.connect(receiver, sender=model)
    try:
        yield
    finally:
        post_init.disconnect(receiver, sender=model)


def test_what_is_only_counted_is_no_source(library):
    with record() as recording:
        [book.reviews.count() for book in books.all()]
    assert [source.model for source in recording.trace.sources] == ["testapp.Book"]


def test_a_queryset_that_is_being_filled_is_asked_again_later(library):
    author = Author.objects.first()
    with record() as recording:
        kept = list(Author.objects.all())
        with on_each_row(Book, lambda: kept[0].refresh_from_db(fields=["name"])):
            rows = list(books.all())
        [book.author.name for book in rows]
    assert author.pk == kept[0].pk
    assert ("Book.author", 5, "certain") in found(recording)


def fail_once():
    failures = [ValueError("of the application")]

    def fail():
        if failures:
            raise failures.pop()

    return fail


def test_a_fetch_that_failed_may_be_tried_again(library):
    rows = books.all()
    with record() as recording:
        with on_each_row(Book, fail_once()), pytest.raises(ValueError, match="of the application"):
            list(rows)
        [book.author.name for book in rows]
    assert found(recording) == {("Book.author", 5, "certain"), (None, 2, "certain")}


def test_rows_that_are_settled_twice_are_followed_once(library):
    rows = books.select_related("author")
    with record() as recording:
        with on_each_row(Book, fail_once()), pytest.raises(ValueError, match="of the application"):
            list(rows)
        [book.author.country.name for book in rows]
    joined = [s for s in recording.trace.sources if s.loaded_by == "select_related"]
    assert [(source.evaluations, source.rows) for source in joined] == [(1, 5)]


def test_rows_of_two_live_iterators_are_of_either(library):
    with record() as recording:
        both = zip(books.iterator(), books.order_by("-pk").iterator(), strict=True)
        [one.author.name for one, _ in both]
    assert found(recording) == {("Book.author", 5, "likely")}


def test_rows_fetched_later_are_known_by_their_keys_too(library):
    pks = list(books.order_by("pk").values_list("pk", flat=True))
    with record() as recording:
        first = list(books.filter(pk__in=pks[:2]))
        [list(book.notes.all()) for book in first]
        second = list(books.filter(pk__in=pks[2:]))
        [list(book.notes.all()) for book in second]
    assert found(recording) == {("Book.notes", 2, "certain"), ("Book.notes", 3, "certain")}


def test_what_rows_loaded_a_while_ago_is_found_again(library):
    with record() as recording:
        rows = list(books.all())
        authors = [book.author for book in rows]
        [author.country.name for author in authors]
    report = inspect(recording)
    assert found(recording) == {("Book.author", 5, "certain"), ("Author.country", 5, "certain")}
    code = 'Book.objects.select_related("author__country")'
    assert {finding.fix.code for finding in report.findings} == {code}


def test_a_stack_that_is_shallower_than_before_is_walked(library):
    sql = "SELECT * FROM testapp_country"
    with record() as recording, connection.cursor() as cursor:
        list(Country.objects.raw(sql))
        thread = threading.Thread(target=copy_context().run, args=(cursor.execute, sql))
        thread.start()
        thread.join()
    assert recording.queries == recording.trace.queries == 2


def test_a_slice_with_a_step_is_many_rows(library):
    with record() as recording:
        [book.author.name for book in books.order_by("pk")[::2]]
    assert found(recording) == {("Book.author", 3, "certain")}


def test_a_manager_that_two_relations_may_be_is_neither(library):
    with record() as recording:
        [list(book.subgenres.filter(books=book)) for book in books.all()]
    relations = {group.relation for group in recording.trace.groups if "genre" in group.fingerprint}
    assert relations == {None}


@pytest.mark.django_db(databases=["default", "other"])
def test_a_content_type_that_is_not_known_yet_is_not_asked_for(library):
    ContentType.objects.clear_cache()
    with record() as recording:
        [list(book.notes.using("other")) for book in books.all()]
    tables = [group.tables for group in recording.trace.groups if group.database == "other"]
    assert tables == [("testapp_note",)]


def test_a_generic_relation_whose_keys_are_text_is_one(library):
    Kept.objects.bulk_create(Kept(author=author) for author in Author.objects.all())
    rows = list(Kept.objects.all())
    Mark.objects.bulk_create(Mark(content_object=row) for row in rows)
    with record() as recording:
        marks = [len(row.marks.all()) for row in Kept.counted.all()]
    assert marks == [1] * 5
    assert found(recording) == {("Kept.marks", 5, "certain")}


def test_a_duplicate_costs_its_share_of_the_time(library):
    def exists(name: str) -> bool:
        return Country.objects.filter(name=name).exists()

    with record() as recording:
        exists("Country 0")
        exists("Country 0")
        exists("Country 1")
    [group] = recording.trace.groups
    trace = replace(recording.trace, groups=(replace(group, duration_ms=9.0),))
    [finding] = detect([trace], Options())
    assert (finding.detector, finding.count, finding.duration_ms) == ("duplicate-query", 2, 6.0)


@pytest.mark.parametrize(("threshold", "findings"), [(5, 1), (6, 0)])
def test_the_threshold_holds_for_rows_of_unknown_origin_too(library, threshold, findings):
    rows = list(books.all())
    with record() as recording:
        list(loops.forward_fk(rows))
    assert len(detect([recording.trace], Options(n_plus_one_threshold=threshold))) == findings


def test_a_recording_that_is_closed_twice_ended_the_first_time():
    with record() as recording:
        pass
    before = recording.totals.duration_ms
    recording.close()
    assert recording.totals.duration_ms == before


def test_each_evaluation_is_counted_anew(library):
    with record() as recording:
        for title in ("Book 0", "Book 1", "Book 2"):
            [book.author.name for book in books.filter(title=title)]
    offences = [offence for group in recording.trace.groups for offence in group.offences]
    assert [(offence.count, offence.most) for offence in offences] == [(3, 1)]
