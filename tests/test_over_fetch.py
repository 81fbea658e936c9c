"""Wide columns that nobody reads: found when they weigh something, and silence about all else."""

from __future__ import annotations

import copy
import pickle

import pytest
from django.core import serializers as core_serializers
from django.forms.models import model_to_dict

from queryscope import inspect, record

from .marks import named
from .testapp import branches, eager
from .testapp.models import Book, Review

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("wide")]

KB = 1_000


@pytest.fixture
def wide(library):
    Book.objects.update(summary="s" * 20 * KB)
    Review.objects.update(text="t")


def found(*recordings, **options):
    findings = inspect(*recordings, **options).findings
    return [finding for finding in findings if finding.detector == "over-fetch"]


def watched(function, read, name=""):
    with record(name, reads=True) as recording:
        function(read)
    return recording


def title(row):
    return row.title


def summary(row):
    return row.summary


FOUND = [
    (eager.all_books, title, "Book.summary", 'Book.objects.defer("summary")'),
    (eager.all_books, lambda b: b.author.name, "Book.summary", 'Book.objects.defer("summary")'),
    (eager.books_and_authors, title, "Book.summary", 'Book.objects.defer("summary")'),
    (
        eager.reviews_of_books,
        lambda r: r.book.title,
        "Book.summary",
        'Review.objects.defer("book__summary")',
    ),
]


@pytest.mark.parametrize(("function", "read", "column", "code"), FOUND, ids=named)
def test_what_nothing_reads_is_found(function, read, column, code):
    [finding] = found(watched(function, read))
    assert (finding.relation, finding.fix.code) == (f"testapp.{column}", code)
    assert (finding.severity, finding.confidence, finding.saves) == ("info", "likely", 0)
    assert "kB" in finding.message


SILENT = [
    (eager.all_books, summary),
    (eager.all_books, lambda b: b.title == "Book 3" and b.summary),
    (eager.all_books, lambda b: len(b.summary)),
    (eager.all_books, lambda b: b.save()),
    (eager.all_books, lambda b: Book.objects.bulk_update([b], ["summary"])),
    (eager.all_books, lambda b: pickle.dumps(b)),
    (eager.all_books, lambda b: copy.copy(b)),
    (eager.all_books, lambda b: vars(b)),
    (eager.all_books, lambda b: model_to_dict(b, fields=["title"])),
    (eager.all_books, lambda b: core_serializers.serialize("json", [b])),
    (eager.all_books, lambda b: None),
    (eager.narrow_books, title),
    (eager.raw_books, title),
    (eager.one_book, title),
    (eager.few, title),
    (eager.streamed, title),
    (branches.mentions, title),
    (eager.reviews_of_books, lambda r: r.book.summary),
]


@pytest.mark.parametrize(("function", "read"), SILENT, ids=named)
def test_what_may_be_read_is_not_reported(function, read):
    assert found(watched(function, read)) == []


@pytest.mark.parametrize(("size", "many"), [(9 * KB, False), (10 * KB, True), (1, False)], ids=str)
def test_light_columns_are_not_worth_it(size, many):
    Book.objects.update(summary="s" * size)
    assert bool(found(watched(eager.all_books, title))) is many


def test_a_small_share_is_not_worth_it():
    Book.objects.update(title="t" * 100)
    Review.objects.update(text="t" * 25 * KB)
    recording = watched(eager.reviews_of_books, lambda r: (r.text, r.book.title))
    assert found(recording) == []  # ten times 20 kB unread beside ten times 25 kB read


@pytest.mark.parametrize("text", ["ä" * 10 * KB, "\U0001f600" * 5 * KB], ids=["two", "four"])
def test_bytes_are_counted(text):
    Book.objects.update(summary=text)
    [finding] = found(watched(eager.all_books, title))
    assert "100 of 100 kB" in finding.message


def test_what_another_request_reads_is_kept():
    one, other = watched(eager.all_books, title, "a"), watched(eager.all_books, summary, "b")
    assert found(one, other) == []


def test_a_model_that_keeps_its_values_is_left_alone(monkeypatch):
    original = Book.from_db.__func__

    def from_db(cls, *arguments, **options):
        return original(cls, *arguments, **options)

    monkeypatch.setattr(Book, "from_db", classmethod(from_db), raising=False)
    assert found(watched(eager.all_books, title)) == []
