"""The rows that the tests read: five books, three of them novels, by five authors."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType

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


def build(using: str = "default") -> None:
    """Fill an empty database; the content types are cached afterwards, as in a running server."""
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
        book.genres.set(genres[:2])
        book.subgenres.set(genres[2:])
        books.append(book)
    _fill(using, books, authors)
    for model in (Author, Book, Novel):
        ContentType.objects.db_manager(using).get_for_model(model)


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
    types = ContentType.objects.db_manager(using)
    _create(
        using,
        Note,
        [
            {"text": f"note {n}", "content_type": types.get_for_model(owner), "object_id": owner.pk}
            for n, owner in enumerate([*books[:2], *authors[:2]])
        ],
    )
    _create(using, Shelf, [{"room": 1, "number": n, "keeper": authors[n]} for n in range(3)])
    _create(using, Prickly, [{"author": author} for author in authors])


def _create(using: str, model: type, rows: list[dict]) -> list:
    # No primary keys come back from a model whose objects cannot be compared; none is needed.
    return model.objects.using(using).bulk_create([model(**row) for row in rows])
