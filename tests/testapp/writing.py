"""Every way of writing one row at a time, each in a loop of its own; ``here`` marks the call."""

from __future__ import annotations

from django.db import connection
from django.db.models import F

from .models import Author, Book, Country, Draft, Edition, Genre, Loan, Novel, Score

NAMES = [f"new {n}" for n in range(5)]


def books():
    return Book.objects.order_by("pk")


def create():
    for name in NAMES:
        Country.objects.create(name=name)  # <- here: create


def create_comprehension():
    return [Country.objects.create(name=name) for name in NAMES]  # <- here: create_comprehension


def create_by_save():
    for name in NAMES:
        Country(name=name).save()  # <- here: create_by_save


def create_with_key():
    for number, name in enumerate(NAMES):
        Country(pk=900 + number, name=name).save()  # <- here: create_with_key


def create_related():
    author = Author.objects.get(name="Author 0")
    for book in books():
        author.loans.create(book=book)  # <- here: create_related


def create_many_to_many():
    book = books().first()
    for name in NAMES:
        book.genres.create(name=name)  # <- here: create_many_to_many


def create_child():
    author = Author.objects.get(name="Author 0")
    for name in NAMES:
        Novel.objects.create(title=name, author=author)  # <- here: create_child


def save():
    for book in books():  # <- origin: save
        book.pages += 1
        book.save()  # <- here: save


def save_two():
    for book in books():  # <- origin: save_two
        book.pages, book.summary = 5, "short"
        book.save()  # <- here: save_two


def save_key():
    author = Author.objects.get(name="Author 0")
    for book in books():  # <- origin: save_key
        book.editor_id = author.pk
        book.save()  # <- here: save_key


def save_fields():
    for book in books():  # <- origin: save_fields
        setattr(book, "pages", 7)  # noqa: B010
        book.save(update_fields=["pages"])  # <- here: save_fields


def save_unknown():
    for book in books():  # <- origin: save_unknown
        setattr(book, "pages", 7)  # noqa: B010
        book.save()  # <- here: save_unknown


def save_deferred():
    for book in books().only("title"):  # <- origin: save_deferred
        book.title += "!"
        book.save()  # <- here: save_deferred


def save_child():
    for novel in Novel.objects.order_by("pk"):  # <- origin: save_child
        novel.pages += 1
        novel.period = "late"
        novel.save()  # <- here: save_child


def save_streamed():
    for book in books().iterator():  # <- origin: save_streamed
        book.pages = 8
        book.save()  # <- here: save_streamed


def thicken(book: Book):
    book.pages += 1
    book.save()  # <- here: save_in_helper


def save_in_helper():
    for book in books():  # <- origin: save_in_helper
        thicken(book)


def save_override():
    for draft in Draft.objects.order_by("pk"):  # <- origin: save_override
        draft.title += "!"
        draft.save()  # <- here: save_override


def create_override():
    for name in NAMES:
        Draft.objects.create(title=name)  # <- here: create_override


def save_map():
    rows = list(books())  # <- origin: save_map
    for book in rows:
        book.pages = 3
    return list(map(Book.save, rows))  # <- here: save_map


def update():
    for book in books():
        Book.objects.filter(pk=book.pk).update(pages=3)  # <- here: update


def update_expression():
    for book in books():
        Book.objects.filter(pk=book.pk).update(pages=F("pages") + 1)  # <- here: update_expression


def update_each():
    for number, book in enumerate(books()):
        Book.objects.filter(pk=book.pk).update(pages=number)  # <- here: update_each


def update_each_by_name():
    for number, name in enumerate(["Author 0", "Author 1", "Author 2", "Author 3"]):
        Author.objects.filter(name=name).update(email=f"e{number}")  # <- here: update_each_by_name


def update_by_owner():
    for author in Author.objects.order_by("pk"):
        author.books.update(pages=3)  # <- here: update_by_owner


def update_two_conditions():
    for book in books():
        rows = Book.objects.filter(pk=book.pk, pages=100)
        rows.update(pages=3)  # <- here: update_two_conditions


def delete():
    for loan in Loan.objects.order_by("pk"):  # <- origin: delete
        loan.delete()  # <- here: delete


def delete_cascade():
    for book in books():  # <- origin: delete_cascade
        book.delete()  # <- here: delete_cascade


def delete_filtered():
    for book in books():
        Loan.objects.filter(book=book).delete()  # <- here: delete_filtered


def delete_cascade_filtered():
    for pk in list(books().values_list("pk", flat=True)):
        Book.objects.filter(pk=pk).delete()  # <- here: delete_cascade_filtered


def get_or_create():
    for number in range(5):
        email = f"{number * 2}@example.org"
        Author.objects.get_or_create(email=email)  # <- here: get_or_create


def get_or_create_existing():
    for number in range(5):
        email = f"{number}@example.org"
        Author.objects.get_or_create(email=email)  # <- here: get_or_create_existing


def get_or_create_free():
    for name in ["Genre 1", *NAMES]:
        Genre.objects.get_or_create(name=name)  # <- here: get_or_create_free


def update_or_create():
    for number in range(5):
        email = f"{number * 2}@example.org"
        values = {"name": f"now {number}"}
        Author.objects.update_or_create(values, email=email)  # <- here: update_or_create


def update_or_create_pair():
    author = Author.objects.get(name="Author 0")
    for points, name in enumerate([*NAMES, *NAMES]):
        author.scores.update_or_create(  # <- here: update_or_create_pair
            name=name, defaults={"points": points}
        )


def add():
    genre = Genre.objects.get(name="Genre 2")
    for book in books():
        book.genres.add(genre)  # <- here: add


def add_to_one():
    book = books().first()
    for genre in Genre.objects.order_by("pk"):
        book.subgenres.add(genre)  # <- here: add_to_one


def remove():
    genre = Genre.objects.get(name="Genre 1")
    for book in books():
        book.genres.remove(genre)  # <- here: remove


def remove_from_one():
    book = books().first()
    for genre in Genre.objects.order_by("pk"):
        book.genres.remove(genre)  # <- here: remove_from_one


def clear():
    for book in books():
        book.genres.clear()  # <- here: clear


def set_each():
    genres = list(Genre.objects.order_by("pk"))
    for book in books():
        book.genres.set(genres)  # <- here: set_each


def add_related():
    pairs = zip(Author.objects.order_by("-pk"), list(books()), strict=True)
    for author, book in pairs:
        author.edited.add(book)  # <- here: add_related


def add_editions():
    book = books().last()
    for edition in Edition.everything.order_by("pk"):
        book.editions.add(edition)  # <- here: add_editions


def cursor():
    with connection.cursor() as opened:
        for name in NAMES:
            sql = "INSERT INTO testapp_country (name) VALUES (%s)"
            opened.execute(sql, [name])  # <- here: cursor


def cursor_update():
    with connection.cursor() as opened:
        for book in books():
            sql = "UPDATE testapp_book SET pages = %s WHERE id = %s"
            opened.execute(sql, [3, book.pk])  # <- here: cursor_update


def scores_by_two():
    """A field that is unique only with another."""
    author = Author.objects.get(name="Author 0")
    for name in NAMES:
        Score.objects.get_or_create(author=author, name=name)  # <- here: scores_by_two


async def acreate():
    for name in NAMES:
        await Country.objects.acreate(name=name)  # <- here: acreate


async def asave():
    async for book in books():  # <- origin: asave
        book.pages = 3
        await book.asave()  # <- here: asave


async def aupdate():
    async for book in books():
        await Book.objects.filter(pk=book.pk).aupdate(pages=3)  # <- here: aupdate


async def adelete():
    async for loan in Loan.objects.order_by("pk"):  # <- origin: adelete
        await loan.adelete()  # <- here: adelete


async def aget_or_create():
    for name in NAMES:
        await Author.objects.aget_or_create(email=name)  # <- here: aget_or_create


async def aadd():
    genre = await Genre.objects.aget(name="Genre 2")
    async for book in books():
        await book.genres.aadd(genre)  # <- here: aadd
