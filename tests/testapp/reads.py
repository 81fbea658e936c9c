"""What is read of one row, for each kind of relation; and the rows to read it of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from .models import Author, Book, Genre, Note, Novel, Profile


def forward_fk(book: Book) -> object:
    return book.author.name  # <- here: forward_fk


def self_fk(author: Author) -> object:
    return author.mentor and author.mentor.name  # <- here: self_fk


def parent_fk(novel: Novel) -> object:
    return novel.author.name  # <- here: parent_fk


def forward_one_to_one(profile: Profile) -> object:
    return profile.author.name  # <- here: forward_one_to_one


def reverse_one_to_one(author: Author) -> object:
    return author.profile.bio  # <- here: reverse_one_to_one


def reverse_fk(book: Book) -> object:
    return [review.text for review in book.reviews.all()]  # <- here: reverse_fk


def m2m(book: Book) -> object:
    return [genre.name for genre in book.genres.all()]  # <- here: m2m


def m2m_reverse(genre: Genre) -> object:
    return [book.title for book in genre.books.all()]  # <- here: m2m_reverse


def second_m2m(book: Book) -> object:
    return [genre.name for genre in book.subgenres.all()]  # <- here: second_m2m


def generic_fk(note: Note) -> object:
    return str(note.content_object)  # <- here: generic_fk


def generic_relation(book: Book) -> object:
    return [note.text for note in book.notes.all()]  # <- here: generic_relation


def deferred(book: Book) -> object:
    return book.summary  # <- here: deferred


def count(book: Book) -> object:
    return book.reviews.count()  # <- here: count


def exists(book: Book) -> object:
    return book.genres.exists()  # <- here: exists


def chain(book: Book) -> object:
    return book.author.country.name  # <- here: chain


#: Kind -> the rows, what is read of one, the relation (of the test app) and the queries.
KINDS: dict[str, tuple[Callable[[], QuerySet], Callable[[Any], object], str, int]] = {
    "forward_fk": (Book.objects.all, forward_fk, "Book.author", 5),
    "self_fk": (Author.objects.all, self_fk, "Author.mentor", 4),
    "parent_fk": (Novel.objects.all, parent_fk, "Book.author", 3),
    "forward_one_to_one": (Profile.objects.all, forward_one_to_one, "Profile.author", 5),
    "reverse_one_to_one": (Author.objects.all, reverse_one_to_one, "Author.profile", 5),
    "reverse_fk": (Book.objects.all, reverse_fk, "Book.reviews", 5),
    "m2m": (Book.objects.all, m2m, "Book.genres", 5),
    "m2m_reverse": (Genre.objects.all, m2m_reverse, "Genre.books", 3),
    "second_m2m": (Book.objects.all, second_m2m, "Book.subgenres", 5),
    "generic_fk": (Note.objects.all, generic_fk, "Note.content_object", 4),
    "generic_relation": (Book.objects.all, generic_relation, "Book.notes", 5),
    "deferred": (lambda: Book.objects.defer("summary"), deferred, "Book.summary", 5),
    "count": (Book.objects.all, count, "Book.reviews", 5),
    "exists": (Book.objects.all, exists, "Book.genres", 5),
    "chain": (Book.objects.all, chain, "Author.country", 10),
}
