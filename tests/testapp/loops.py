"""Every way of asking once for each row, each in a loop of its own.

A function takes the rows and yields what it read, so that the same code runs over the queryset
that a fix proposes. ``origin`` marks the line that evaluates the rows, ``here`` the one that asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection
from django.db.models import Sum, prefetch_related_objects

from .models import Author, Book, Edition, Genre, Note, Novel, Profile, Publisher, Review, Shelf


def forward_fk(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: forward_fk
        yield book.author.name  # <- here: forward_fk


def nullable_fk(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: nullable_fk
        yield book.editor and book.editor.name  # <- here: nullable_fk


def forward_one_to_one(rows: Iterable[Profile]) -> Iterator[object]:
    for profile in rows:  # <- origin: forward_one_to_one
        yield profile.author.name  # <- here: forward_one_to_one


def reverse_one_to_one(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:  # <- origin: reverse_one_to_one
        yield author.profile.bio  # <- here: reverse_one_to_one


def missing_one_to_one(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: missing_one_to_one
        yield hasattr(book, "novel")  # <- here: missing_one_to_one


def self_fk(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:  # <- origin: self_fk
        yield author.mentor and author.mentor.name  # <- here: self_fk


def reverse_fk(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: reverse_fk
        yield [review.text for review in book.reviews.all()]  # <- here: reverse_fk


def reverse_fk_inverse(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: reverse_fk_inverse
        for review in book.reviews.all():  # <- here: reverse_fk_inverse
            yield review.book.title


def m2m(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: m2m
        yield [genre.name for genre in book.genres.all()]  # <- here: m2m


def m2m_reverse(rows: Iterable[Genre]) -> Iterator[object]:
    for genre in rows:  # <- origin: m2m_reverse
        yield [book.title for book in genre.books.all()]  # <- here: m2m_reverse


def second_m2m(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: second_m2m
        yield [genre.name for genre in book.subgenres.all()]  # <- here: second_m2m


def second_m2m_reverse(rows: Iterable[Genre]) -> Iterator[object]:
    for genre in rows:  # <- origin: second_m2m_reverse
        yield sorted(map(str, genre.minor_books.all()))  # <- here: second_m2m_reverse


def through_m2m(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: through_m2m
        yield sorted(map(str, book.readers.all()))  # <- here: through_m2m


def through_m2m_reverse(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:  # <- origin: through_m2m_reverse
        yield sorted(map(str, author.borrowed.all()))  # <- here: through_m2m_reverse


def symmetrical_m2m(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:  # <- origin: symmetrical_m2m
        yield sorted(map(str, author.friends.all()))  # <- here: symmetrical_m2m


def generic_fk(rows: Iterable[Note]) -> Iterator[object]:
    for note in rows:  # <- origin: generic_fk
        yield str(note.content_object)  # <- here: generic_fk


def generic_relation(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: generic_relation
        yield [note.text for note in book.notes.all()]  # <- here: generic_relation


def deferred(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: deferred
        yield book.summary  # <- here: deferred


def deferred_key(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: deferred_key
        yield book.author_id  # <- here: deferred_key


def deferred_two(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: deferred_two
        yield book.pages  # <- here: deferred_two


def count(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: count
        yield book.reviews.count()  # <- here: count


def count_m2m(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: count_m2m
        yield book.genres.count()  # <- here: count_m2m


def exists(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: exists
        yield book.reviews.exists()  # <- here: exists


def exists_m2m(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: exists_m2m
        yield book.genres.exists()  # <- here: exists_m2m


def exists_m2m_reverse(rows: Iterable[Genre]) -> Iterator[object]:
    for genre in rows:  # <- origin: exists_m2m_reverse
        yield genre.minor_books.exists()  # <- here: exists_m2m_reverse


def count_m2m_reverse(rows: Iterable[Genre]) -> Iterator[object]:
    for genre in rows:  # <- origin: count_m2m_reverse
        yield genre.minor_books.count()  # <- here: count_m2m_reverse


def count_generic(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: count_generic
        yield book.notes.count()  # <- here: count_generic


def aggregate(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: aggregate
        yield book.loans.aggregate(days=Sum("days"))  # <- here: aggregate


def contains(rows: Iterable[Book]) -> Iterator[object]:
    genre = Genre.objects.get(name="Genre 0")
    for book in rows:  # <- origin: contains
        yield book.genres.contains(genre)  # <- here: contains


def filtered(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: filtered
        yield list(book.reviews.filter(text__endswith=".1"))  # <- here: filtered


def filtered_count(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: filtered_count
        yield book.reviews.filter(text__endswith=".1").count()  # <- here: filtered_count


def filtered_m2m(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: filtered_m2m
        yield list(book.genres.filter(name="Genre 1"))  # <- here: filtered_m2m


def filtered_generic(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: filtered_generic
        yield list(book.notes.filter(text="note 1"))  # <- here: filtered_generic


def ordered(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: ordered
        yield list(book.reviews.order_by("-text"))  # <- here: ordered


def sliced(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: sliced
        yield list(book.reviews.all()[:1])  # <- here: sliced


def first(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: first
        yield book.reviews.first()  # <- here: first


def values_list(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: values_list
        yield list(book.reviews.values_list("text", flat=True))  # <- here: values_list


def related_get(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: related_get
        yield book.reviews.get(text__endswith=".0")  # <- here: related_get


def custom_manager(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: custom_manager
        yield [edition.number for edition in book.editions.all()]  # <- here: custom_manager


def of_custom_manager(rows: Iterable[Edition]) -> Iterator[object]:
    for edition in rows:  # <- origin: of_custom_manager
        yield edition.book.title  # <- here: of_custom_manager


def parent_fk(rows: Iterable[Novel]) -> Iterator[object]:
    for novel in rows:  # <- origin: parent_fk
        yield novel.author.name  # <- here: parent_fk


def child_fk(rows: Iterable[Novel]) -> Iterator[object]:
    for novel in rows:  # <- origin: child_fk
        yield novel.translator.name  # <- here: child_fk


def parent_many(rows: Iterable[Novel]) -> Iterator[object]:
    for novel in rows:  # <- origin: parent_many
        yield [review.text for review in novel.reviews.all()]  # <- here: parent_many


def parent_m2m(rows: Iterable[Novel]) -> Iterator[object]:
    for novel in rows:  # <- origin: parent_m2m
        yield [genre.name for genre in novel.genres.all()]  # <- here: parent_m2m


def composite_key(rows: Iterable[Shelf]) -> Iterator[object]:
    for shelf in rows:  # <- origin: composite_key
        yield shelf.keeper.name  # <- here: composite_key


def chain(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: chain
        yield book.author.country.name  # <- here: chain


def only_chain(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: only_chain
        yield book.author.country.name  # <- here: only_chain


def chain_of_three(rows: Iterable[Review]) -> Iterator[object]:
    for review in rows:  # <- origin: chain_of_three
        yield review.book.author.country.name  # <- here: chain_of_three


def two_lines(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: two_lines
        author = book.author  # <- here: two_lines
        yield author.country.name  # <- here: two_lines-2


def fk_then_many(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: fk_then_many
        yield [pupil.name for pupil in book.author.pupils.all()]  # <- here: fk_then_many


def many_then_fk(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: many_then_fk
        yield [review.reviewer.name for review in book.reviews.all()]  # <- here: many_then_fk


def generic_fk_then_fk(rows: Iterable[Note]) -> Iterator[object]:
    for note in rows:  # <- origin: generic_fk_then_fk
        owner = note.content_object  # <- here: generic_fk_then_fk
        yield owner.author.name  # <- here: generic_fk_then_fk-2


def nested(rows: Iterable[Publisher]) -> Iterator[object]:
    for publisher in rows:  # <- origin: nested
        for book in publisher.book_set.all():  # <- here: nested
            yield book.author.name  # <- here: nested-2


def nested_m2m(rows: Iterable[Genre]) -> Iterator[object]:
    for genre in rows:  # <- origin: nested_m2m
        for book in genre.books.all():  # <- here: nested_m2m
            yield book.author.name  # <- here: nested_m2m-2


def nested_three(rows: Iterable[Genre]) -> Iterator[object]:
    for genre in rows:  # <- origin: nested_three
        for book in genre.books.all():  # <- here: nested_three
            for review in book.reviews.all():  # <- here: nested_three-2
                yield review.reviewer.name  # <- here: nested_three-3


def two_relations(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: two_relations
        yield book.author.name  # <- here: two_relations
        yield [review.text for review in book.reviews.all()]  # <- here: two_relations-2


def cyclic(rows: Iterable[Author]) -> Iterator[object]:
    for row in rows:  # <- origin: cyclic
        yield row.mentor and row.mentor.mentor and row.mentor.mentor.name  # <- here: cyclic


# Asking without a relation.


def get_by_pk(pks: Iterable[int]) -> Iterator[object]:
    for pk in pks:
        yield Book.objects.get(pk=pk).title  # <- here: get_by_pk


def get_by_unique(emails: Iterable[str]) -> Iterator[object]:
    for email in emails:
        yield Author.objects.get(email=email).name  # <- here: get_by_unique


def get_then_fk(pks: Iterable[int]) -> Iterator[object]:
    for pk in pks:
        yield Book.objects.get(pk=pk).author.name  # <- here: get_then_fk


def filter_first(pks: Iterable[int]) -> Iterator[object]:
    for pk in pks:
        yield Book.objects.filter(author_id=pk).first()  # <- here: filter_first


def filter_list(pks: Iterable[int]) -> Iterator[object]:
    for pk in pks:
        yield list(Book.objects.filter(author=pk))  # <- here: filter_list


def filter_by_row(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield list(Book.objects.filter(author=author))  # <- here: filter_by_row


def filter_exists(pks: Iterable[int]) -> Iterator[object]:
    for pk in pks:
        yield Book.objects.filter(author=pk).exists()  # <- here: filter_exists


def filter_two_columns(pks: Iterable[int]) -> Iterator[object]:
    for pk in pks:
        yield Book.objects.filter(author=pk, pages__gt=3).count()  # <- here: filter_two_columns


def refresh(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        book.refresh_from_db()  # <- here: refresh
        yield book.title


def prefetch_each(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:  # <- origin: prefetch_each
        prefetch_related_objects([book], "reviews")  # <- here: prefetch_each
        yield [review.text for review in book.reviews.all()]


def cursor(pks: Iterable[int]) -> Iterator[object]:
    with connection.cursor() as opened:
        for pk in pks:
            opened.execute("SELECT title FROM testapp_book WHERE id = %s", [pk])  # <- here: cursor
            yield opened.fetchone()


def cursor_literals(pks: Iterable[int]) -> Iterator[object]:
    with connection.cursor() as opened:
        for pk in pks:
            sql = f"SELECT title FROM testapp_book WHERE id = {int(pk)}"
            opened.execute(sql)  # <- here: cursor_literals
            yield opened.fetchone()


def raw_each(pks: Iterable[int]) -> Iterator[object]:
    for pk in pks:
        query = "SELECT * FROM testapp_book WHERE id = %s"
        yield list(Book.objects.raw(query, [pk]))  # <- here: raw_each


# Reading on the way to a write, and going down a tree.


def set_each(rows: Iterable[Book]) -> Iterator[object]:
    genres = list(Genre.objects.all())
    for book in rows:
        yield book.genres.set(genres)


def delete_each(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.delete()


def up_the_tree(rows: Iterable[Author]) -> Iterator[object]:
    for row in rows:
        author = row
        while author.mentor:  # <- here: up_the_tree
            author = author.mentor
        yield author.name


def below(author: Author) -> list[object]:
    return [[pupil.name, below(pupil)] for pupil in author.pupils.all()]  # <- here: down_the_tree


def down_the_tree(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield below(author)
