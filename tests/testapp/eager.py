"""Querysets that load relations and wide columns ahead, each in a function of its own.

A function hands its rows, one by one, to the code that a test wants to read them. That code stands
elsewhere: what a function says itself it may read in another request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db import models
from django.db.models import Prefetch

from .models import Author, Book, Genre, Note, Novel, Paperback, Review

Read = Callable[[Any], object]


def joined(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("author")]


def joined_two(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("author", "publisher")]


def joined_chain(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("author__country")]


def joined_narrow(read: Read) -> list[object]:
    books = Book.objects.select_related("author").only("title", "author__name")
    return [read(book) for book in books]


def joined_reverse(read: Read) -> list[object]:
    return [read(author) for author in Author.objects.select_related("profile")]


def joined_null(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("editor").filter(editor=None)]


def joined_some(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("editor")]


def joined_child(read: Read) -> list[object]:
    return [read(novel) for novel in Novel.objects.select_related("author", "translator")]


def joined_proxy(read: Read) -> list[object]:
    return [read(book) for book in Paperback.objects.select_related("author")]


def joined_all(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related()]


def locked(read: Read) -> list[object]:
    books = Book.objects.select_related("author").select_for_update(of=("self", "author"))
    return [read(book) for book in books]


def fetched(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.prefetch_related("reviews")]


def fetched_two(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.prefetch_related("reviews", "genres")]


def fetched_chain(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.prefetch_related("reviews__reviewer")]


def fetched_through_join(read: Read) -> list[object]:
    books = Book.objects.select_related("author").prefetch_related("author__pupils")
    return [read(book) for book in books]


def fetched_none(read: Read) -> list[object]:
    Review.objects.all().delete()
    return [read(book) for book in Book.objects.prefetch_related("reviews")]


def fetched_as(read: Read) -> list[object]:
    ordered = Review.objects.order_by("text")
    books = Book.objects.prefetch_related("genres", Prefetch("reviews", ordered, to_attr="sorted"))
    return [read(book) for book in books]


def fetched_object(read: Read) -> list[object]:
    ordered = Review.objects.order_by("text")
    books = Book.objects.prefetch_related("genres", Prefetch("reviews", ordered))
    return [read(book) for book in books]


def fetched_reverse(read: Read) -> list[object]:
    return [read(genre) for genre in Genre.objects.prefetch_related("books")]


def fetched_generic(read: Read) -> list[object]:
    return [read(note) for note in Note.objects.prefetch_related("content_object")]


def fetched_each_generic(read: Read) -> list[object]:
    each = GenericPrefetch("content_object", [Book.objects.all(), Author.objects.all()])
    return [read(note) for note in Note.objects.prefetch_related(each)]


def fetched_generic_relation(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.prefetch_related("notes")]


def fetched_one(read: Read) -> list[object]:
    return [
        read(Book.objects.select_related("author").prefetch_related("genres").get(title="Book 0"))
    ]


def first_of(read: Read) -> list[object]:
    return [read(Book.objects.select_related("author").prefetch_related("genres").first())]


def few(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("author").order_by("pk")[:2]]


def streamed(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("author").iterator()]


def streamed_in_batches(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.prefetch_related("reviews").iterator(2)]


async def asynchronous(read: Read) -> list[object]:
    return [read(book) async for book in Book.objects.select_related("author")]


class Shop(models.Manager):
    """What it joins, it joins for whoever uses it."""

    def with_authors(self) -> models.QuerySet[Book]:
        return Book.objects.select_related("author")


def through_a_manager(read: Read) -> list[object]:
    return [read(book) for book in Shop().with_authors()]


def all_books(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.all()]


def books_and_authors(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.select_related("author").order_by("pk")]


def narrow_books(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.defer("summary")]


def reviews_of_books(read: Read) -> list[object]:
    return [read(review) for review in Review.objects.select_related("book")]


def raw_books(read: Read) -> list[object]:
    return [read(book) for book in Book.objects.raw("SELECT * FROM testapp_book")]


def one_book(read: Read) -> list[object]:
    return [read(Book.objects.get(title="Book 0"))]
