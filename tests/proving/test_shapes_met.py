"""Shapes of real projects that have misled a proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.testapp import models
from tests.testapp.models import Author, Book

from .asking import proved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("library")]


class Review:
    """A view, with the name of a model."""


def count(row: Any, name: str) -> int:
    return getattr(row, name).count()


def has(row: Any, name: str) -> bool:
    return getattr(row, name).exists()


def evaluate(rows: Any) -> list[Any]:
    return list(rows)


def counts_of_two_models() -> Iterator[int]:
    for book in Book.objects.order_by("pk"):
        yield count(book, "reviews")
    for author in Author.objects.order_by("pk"):
        yield count(author, "review_set")


def existence_for_two_models() -> Iterator[bool]:
    for book in Book.objects.order_by("pk"):
        yield has(book, "reviews")
    for author in Author.objects.order_by("pk"):
        yield has(author, "review_set")


def nothing_at_a_line_of_others() -> Iterator[Any]:
    for book in evaluate(Book.objects.order_by("pk")):
        yield book.author.name
    for book in evaluate(Book.objects.filter(pages__gt=0).order_by("pk")):
        yield book.publisher_id
    yield evaluate(Book.objects.filter(pk__in=[]))


def a_name_that_means_something_else() -> Iterator[list[str]]:
    for book in Book.objects.order_by("pk"):
        yield [review.text for review in book.reviews.filter(text="0.0")]


def rows_that_are_loaded_when_missing() -> Iterator[str]:
    keys = list(Book.objects.order_by("pk").values_list("pk", flat=True))
    found = {book.pk: book for book in Book.objects.filter(pk__in=keys)}
    missing = [key for key in keys if key not in found]
    more = Book.objects.in_bulk(missing) if missing else {}
    for key in keys:
        yield (found.get(key) or more[key]).author.name


SHAPES = [
    counts_of_two_models,
    existence_for_two_models,
    nothing_at_a_line_of_others,
    a_name_that_means_something_else,
    rows_that_are_loaded_when_missing,
]


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_proven(shape: Any) -> None:
    author = Author.objects.order_by("pk")[0]
    Book.objects.filter(pk__gt=Book.objects.order_by("pk")[1].pk).update(author=author)
    for book in Book.objects.all():
        models.Review.objects.create(book=book, reviewer=book.author)
    told = proved(shape)
    assert told.verdicts
    assert [verdict for verdict in told.verdicts if verdict.proof is None] == []
