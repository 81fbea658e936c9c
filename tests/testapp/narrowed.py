"""Loops that narrow a related manager, each line marked with the name of its function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import F, Q

from .models import Author, Book, Genre, Note, Publisher, Review

WANTED = "note 1"


class Ending:
    FIRST = ".1"


def constant(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.filter(text__endswith=".1"))


def named(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.notes.filter(text=WANTED))


def attribute(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.filter(text__endswith=Ending.FIRST))


def local(rows: Iterable[Book]) -> Iterator[object]:
    wanted = ".1"
    found = rows.all()
    for book in found:
        yield list(book.reviews.filter(text__endswith=wanted))


def positional(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.filter(Q(pk=0) | ~Q(text="x")))


def excluded(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.exclude(text__endswith=".1"))


def ordered(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.order_by("-text"))


def sliced(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.order_by("text")[:1])


def indexed(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.order_by("-text")[0]


def first(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.first()


def first_of_none(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.filter(text="no").first()


def first_ordered(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.order_by("-text").first()


def last(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.last()


def last_ordered(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.order_by("text").last()


def first_generic(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield author.notes.first()


def got(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.get(text__endswith=".0")


def counted(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.filter(text__endswith=".1").count()


def counted_by_q(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.filter(~Q(text="x")).count()


def counted_without(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.exclude(text__endswith=".1").count()


def counted_across(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield author.books.filter(Q(reviews__text="0.1") | Q(pages=100)).distinct().count()


def counted_not_across(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield author.books.exclude(reviews__text="0.1").count()


def counted_twice_each(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield author.books.filter(reviews__pk__gt=0).count()


def two_counts(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.count()
        yield book.genres.count()


def two_counts_beyond(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.author.books.count(), book.author.edited.count()


def counted_by_f(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.loans.filter(days=F("pk")).count()


def counted_managed(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.editions.count()


def counted_m2m(rows: Iterable[Genre]) -> Iterator[object]:
    for genre in rows:
        yield genre.minor_books.filter(pages=100).count()


def counted_deep(rows: Iterable[Publisher]) -> Iterator[object]:
    for publisher in rows.prefetch_related("book_set"):
        yield [
            book.reviews.filter(text__endswith=".1").count() for book in publisher.book_set.all()
        ]


def existing(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.exclude(text__endswith=".1").exists()


def values_flat(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.values_list("text", flat=True))


def values_pairs(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.values_list("id", "text"))


def values_dicts(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.genres.filter(name="Genre 1").values("name"))


def values_of_key(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.values_list("reviewer", flat=True))


def in_comprehension(rows: Iterable[Book]) -> Iterator[object]:
    return [list(book.genres.values_list("name")) for book in rows]


def in_condition(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        if book.reviews.filter(text__endswith=".1").exists():
            yield book


def built_before(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        reviews = book.reviews.filter(text__endswith=".1")
        yield list(reviews)


def then_fk(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        for review in book.reviews.filter(text__endswith=".1"):
            yield review.reviewer.name


def two_of_one(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.filter(text__endswith=".1"))
        yield list(book.reviews.filter(text__endswith=".0"))


def clashing(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield author.pupils.count()


def beyond_generic(rows: Iterable[Note]) -> Iterator[object]:
    for note in rows:
        owner = note.content_object
        author = owner.author if isinstance(owner, Book) else owner
        yield author.country.name


# What a fix cannot repeat: it depends on the row, or is not known to stay what it is.


def by_the_row(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.filter(reviewer=book.author_id))


def by_the_turn(rows: Iterable[Book]) -> Iterator[object]:
    for number, book in enumerate(rows):
        yield list(book.reviews.filter(text__endswith=str(number)))


def by_an_argument(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield _reviews(book, ".1")


def _reviews(book: Book, ending: str) -> list[object]:
    return list(book.reviews.filter(text__endswith=ending))


def by_a_closure(rows: Iterable[Book]) -> Iterator[object]:
    ending = ".1"

    def found(book: Book) -> list[object]:
        return list(book.reviews.filter(text__endswith=ending))

    yield from map(found, rows)


def ends() -> str:
    return ".1"


STATE = {"end": ".1"}


def by_a_call(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.filter(text__endswith=ends()))


def by_a_state(rows: Iterable[Book]) -> Iterator[object]:
    for number, book in enumerate(rows):
        STATE["end"] = str(number)
        yield list(book.reviews.filter(text__endswith=STATE["end"]))


def by_a_match(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        match book.title.split():
            case [_, number]:
                yield list(book.reviews.filter(text__startswith=number))


def only_the_text(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield [review.text for review in book.reviews.only("text")]


def all_but_one(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.order_by("pk")[1:])


def latest(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.latest("text")


def tried(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        try:
            yield book.reviews.get(text="no")
        except Review.DoesNotExist:
            yield None


def counted_slice(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.reviews.all()[:1].count()


def distinct_values(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.genres.distinct().values_list("name", flat=True))


def values_of_related(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield list(book.reviews.values_list("reviewer__name", flat=True))


# What one object is asked again and again, and what stands two relations away.


def of_one_object(rows: Iterable[Book]) -> Iterator[object]:
    genre = Genre.objects.get(name="Genre 0")
    for book in rows:
        yield genre.books.filter(pk=book.pk).exists()


def of_the_user(rows: Iterable[Book]) -> Iterator[object]:
    author = Author.objects.get(name="Author 0")
    for book in rows:
        yield author.review_set.filter(book=book).exists()


def of_one_row(rows: Iterable[Author]) -> Iterator[object]:
    first, *others = rows
    for author in others:
        yield first.followers.filter(pk=author.pk).exists()


def constant_list(rows: Iterable[Author]) -> Iterator[object]:
    for pk in [author.pk for author in rows]:
        yield Book.objects.filter(author_id=pk, pages__in=[100, 200]).count()


def changing_lists(rows: Iterable[Author]) -> Iterator[object]:
    pks = [author.pk for author in rows]
    for start in range(len(pks) - 1):
        yield list(Book.objects.filter(pages=100, author_id__in=pks[start : start + 2]))


def counted_beyond(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        yield book.author.books.count(), book.author.country.name


def created(rows: Iterable[Book]) -> Iterator[object]:
    for book in rows:
        review = Review.objects.create(book_id=book.pk, reviewer_id=book.author_id)
        yield review.reviewer.country.name


def befriended(rows: Iterable[Author]) -> Iterator[object]:
    for author in rows:
        yield author.friends.filter(name="Author 0").exists()
