"""Querysets whose modules name what they load in other branches, so that it may be read there."""

from __future__ import annotations

from .eager import Read
from .models import Author, Book


def books_of(author: Author, read: Read) -> list[object]:
    return [read(book) for book in author.books.select_related("publisher")]


def of_an_author(read: Read) -> list[object]:
    author = Author.objects.get(name="Author 0")
    Book.objects.update(author=author)
    return books_of(author, read)


def _drawn(book: Book, whole: bool) -> object:
    return (book.title, book.author) if whole else book.title


def one_call_away(read: Read) -> list[object]:
    return [_drawn(book, False) for book in Book.objects.select_related("author")]


def mentions(read: Read, rarely: bool = False) -> list[object]:
    books = Book.objects.select_related("author")
    if rarely:
        return [(book.author, book.summary) for book in books]
    return [read(book) for book in books]
