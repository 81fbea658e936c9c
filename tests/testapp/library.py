"""The rows that the tests read: five books, three of them novels, by five authors."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connections

from .models import (
    Author,
    Book,
    Country,
    Edition,
    Genre,
    Loan,
    Note,
    Novel,
    Prickly,
    Profile,
    Publisher,
    Review,
    Shelf,
)

BOOKS = 5
NOVELS = 3
AUTHORS = 5
GENRES = 3

#: Alias and name of a database -> the statements that fill it again as it was filled first:
#: thousands of tests ask for these rows, and making them takes longer than most of the tests.
_statements: dict[tuple[str, str], list[tuple[str, list | None]]] = {}


def build(using: str = "default") -> None:
    """Fill an empty database; the content types are cached afterwards, as in a running server."""
    connection = connections[using]
    database = (using, str(connection.settings_dict["NAME"]))
    if database in _statements:
        with connection.cursor() as cursor:
            for statement, values in _statements[database]:
                cursor.execute(statement, values)
    else:
        _make(using)
        _statements[database] = _insertions(connection)
    _annotate(using)
    for model in (Author, Book, Novel):
        ContentType.objects.db_manager(using).get_for_model(model)


def _insertions(connection: Any) -> list[tuple[str, list | None]]:
    """What inserts the rows that are there, each with its own key."""
    found: list[tuple[str, list | None]] = []
    for model in _FILLED:
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            names = ", ".join(connection.ops.quote_name(column[0]) for column in cursor.description)
            rows = cursor.fetchall()
        places = ", ".join(f"({', '.join(['%s'] * len(row))})" for row in rows)
        values = [value for row in rows for value in row]
        found.append((f"INSERT INTO {table} ({names}) VALUES {places}", values))
    if connection.vendor == "postgresql":  # one way to the server and back
        return [(";".join(connection.ops.compose_sql(*statement) for statement in found), None)]
    return found


def _make(using: str) -> None:
    countries = _create(using, Country, [{"name": f"Country {n}"} for n in range(3)])
    publishers = _create(
        using, Publisher, [{"name": f"Publisher {n}", "country": countries[n]} for n in range(3)]
    )
    authors: list[Author] = []
    for n in range(AUTHORS):
        author = Author(name=f"Author {n}", email=f"{n}@example.org", country=countries[n % 3])
        author.mentor = authors[-1] if authors else None
        author.save(using=using)
        authors.append(author)
    authors[0].friends.set(authors[1:])
    _create(using, Profile, [{"author": author, "bio": author.name} for author in authors])
    genres = _create(using, Genre, [{"name": f"Genre {n}"} for n in range(GENRES)])
    books = []
    for n in range(BOOKS):
        book = (Novel if n >= BOOKS - NOVELS else Book)(
            title=f"Book {n}",
            summary=f"Summary {n}",
            author=authors[n],
            editor=None if n % 2 else authors[4],
            publisher=publishers[n % 3],
        )
        if isinstance(book, Novel):
            book.translator = authors[n - 1]
        book.save(using=using)
        books.append(book)
    for field, some in ((Book.genres, genres[:2]), (Book.subgenres, genres[2:])):
        rows = [{"book": book, "genre": genre} for book in books for genre in some]
        _create(using, field.through, rows)
    _fill(using, books, authors)


def _fill(using: str, books: list[Book], authors: list[Author]) -> None:
    pairs = [(n, m) for n in range(BOOKS) for m in range(2)]
    _create(
        using,
        Review,
        [{"book": books[n], "reviewer": authors[n - m], "text": f"{n}.{m}"} for n, m in pairs],
    )
    _create(using, Loan, [{"book": books[n], "author": authors[n - m - 1]} for n, m in pairs])
    rows = [{"book": books[n], "number": m, "withdrawn": m == 1} for n, m in pairs]
    Edition.everything.using(using).bulk_create(Edition(**row) for row in rows)
    _create(using, Shelf, [{"room": 1, "number": n, "keeper": authors[n]} for n in range(3)])
    _create(using, Prickly, [{"author": author} for author in authors])


#: Models of the rows that `_make` makes, those that others refer to first.
_FILLED = (
    Country,
    Publisher,
    Author,
    Author.friends.through,
    Profile,
    Genre,
    Book,
    Novel,
    Book.genres.through,
    Book.subgenres.through,
    Review,
    Loan,
    Edition,
    Shelf,
    Prickly,
)


def _annotate(using: str) -> None:
    """The notes, which refer to content types: those have other keys after a flush."""
    types = ContentType.objects.db_manager(using)
    owners = [*Book.objects.using(using).order_by("pk")[:2]]
    owners += Author.objects.using(using).order_by("pk")[:2]
    notes = [
        {"text": f"note {n}", "content_type": types.get_for_model(owner), "object_id": owner.pk}
        for n, owner in enumerate(owners)
    ]
    _create(using, Note, notes)


def _create(using: str, model: type, rows: list[dict]) -> list:
    # No primary keys come back from a model whose objects cannot be compared; none is needed.
    return model.objects.using(using).bulk_create([model(**row) for row in rows])
