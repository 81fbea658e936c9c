"""Loops whose queries cannot all be made at once: never given code that would change the data."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction
from django.db.models import F

from queryscope import inspect, record
from queryscope.core.findings import Finding

from .testapp.models import Author, Book, Country, Loan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("library")]

NAMES = [f"new {n}" for n in range(4)]


def found(function) -> list[Finding]:
    with record() as recording:
        function()
    return [f for f in inspect(recording).findings if f.detector.endswith("-in-loop")]


def chained():
    mentor = None
    for name in NAMES:
        mentor = Author.objects.create(name=name, email=name, mentor=mentor)


def chained_by_another_name():
    last = None
    for name in NAMES:
        author = Author.objects.create(name=name, email=name, mentor=last)
        last = author


def chained_by_saving():
    last = None
    for name in NAMES:
        author = Author(name=name, email=name, mentor=last)
        author.save()
        last = author


def chained_by_a_dict():
    made = {}
    for name in NAMES:
        made[name] = Author.objects.create(name=name, email=name, mentor=made.get("new 0"))


def make(name, mentor):
    return Author.objects.create(name=name, email=name, mentor=mentor)


def chained_by_a_helper():
    mentor = None
    for name in NAMES:
        mentor = make(name, mentor)


def tried():
    for name in NAMES:
        try:
            Author.objects.create(name=name, email=name)
        except IntegrityError:
            continue


def in_transactions():
    for name in NAMES:
        with transaction.atomic():
            Author.objects.create(name=name, email=name)


def while_there_are_some():
    names = list(NAMES)
    while names:
        Country.objects.create(name=names.pop())


def counting():
    for _ in NAMES:
        Country.objects.create(name=f"country {Country.objects.count()}")


def where_missing():
    for name in [*NAMES, *NAMES]:
        if not Country.objects.filter(name=name).exists():
            Country.objects.create(name=name)


def adding():
    for book, pages in zip(Book.objects.order_by("pk"), range(9), strict=False):
        Book.objects.filter(pk=book.pk).update(pages=F("pages") + pages)


def adding_to_some_twice():
    keys = list(Book.objects.values_list("pk", flat=True))
    for pk in keys + keys:
        Book.objects.filter(pk=pk).update(pages=F("pages") + 1)


def some_twice():
    keys = list(Book.objects.values_list("pk", flat=True))
    for number, pk in enumerate(keys + keys):
        Book.objects.filter(pk=pk).update(pages=number)


def with_defaults():
    author = Author.objects.first()
    for book in Book.objects.all():
        book.readers.add(author, through_defaults={"days": 3})


def updated_without_constraint():
    for name in NAMES:
        Country.objects.update_or_create(name=name, defaults={"name": name})


def created_otherwise():
    for name in NAMES:
        Author.objects.update_or_create(
            email=name, defaults={"name": "a"}, create_defaults={"name": "b", "email": name}
        )


def walked():
    author = Author.objects.create(
        name="a", email="a", mentor=make("b", make("c", make("d", None)))
    )
    key = author.mentor_id
    while key:
        key = Author.objects.get(pk=key).mentor_id


def locked():
    for pk in list(Book.objects.values_list("pk", flat=True)):
        Book.objects.select_for_update().get(pk=pk)


HINTS = {
    chained: "stages",
    chained_by_another_name: "stages",
    chained_by_saving: "stages",
    chained_by_a_dict: "stages",
    chained_by_a_helper: "stages",
    tried: "guarded",
    in_transactions: "guarded",
    while_there_are_some: "while loop",
    counting: "asks for rows",
    where_missing: "asks for rows",
    adding: "computed",
    adding_to_some_twice: "computed",
    some_twice: "more than once",
    with_defaults: "defaults",
    updated_without_constraint: "bulk_update() these",
    created_otherwise: "defaults",
    walked: "last one's answer",
    locked: "Lock all rows",
}


@pytest.mark.parametrize("function", HINTS, ids=lambda f: f.__name__)
def test_it_has_a_hint_and_no_code(function):
    [finding] = [f for f in found(function) if HINTS[function] in f.hint]
    assert finding.fix is None


@pytest.mark.parametrize("function", [chained, tried, in_transactions, counting])
def test_what_cannot_be_saved_is_worth_knowing_only(function):
    assert {f.severity for f in found(function) if f.detector == "write-in-loop"} == {"info"}


def test_one_object_is_saved_once_after_the_loop():
    def saves():
        book = Book.objects.first()
        for pages in range(4):
            book.pages = pages
            book.save()

    [finding] = found(saves)
    assert (finding.fix, finding.saves) == (None, 3)
    assert "save it once after the loop" in finding.hint


def ranges():
    first = Book.objects.order_by("pk").first().pk
    for low in range(first - 1, first + 5):
        Book.objects.filter(pk__gt=low, pk__lte=low + 1).update(pages=low)


def slices():
    keys = list(Loan.objects.values_list("pk", flat=True))
    for start in range(4):
        Loan.objects.filter(pk__in=keys[start : start + 1]).delete()


def keyset():
    last = 0
    while page := list(Book.objects.filter(pk__gt=last).order_by("pk")[:1]):
        last = page[-1].pk


def keyset_in_the_body():
    last = 0
    while True:
        page = list(Book.objects.filter(pk__gt=last).order_by("pk")[:1])
        if not page:
            break
        last = page[-1].pk


def free_name():
    number = 0
    while Book.objects.filter(title=f"Book {number}").exists():
        number += 1


@pytest.mark.parametrize("function", [ranges, slices, keyset, keyset_in_the_body, free_name])
def test_batches_and_pages_are_silent(function):
    assert found(function) == []


async def creates():
    for name in NAMES:
        await Country.objects.acreate(name=name)


async def saves():
    async for book in Book.objects.all():
        book.pages = 3
        await book.asave()


async def gets():
    for pk in [pk async for pk in Book.objects.values_list("pk", flat=True)]:
        await Book.objects.aget(pk=pk)


AWAITED = {
    creates: "await Country.objects.abulk_create(countries)",
    saves: 'await Book.objects.abulk_update(books, ["pages"])',
    gets: "await Book.objects.ain_bulk(pks)",
}


@pytest.mark.parametrize("function", AWAITED, ids=lambda f: f.__name__)
def test_code_for_async_functions_is_awaited(function):
    [finding] = found(async_to_sync(function))
    assert finding.fix.code == AWAITED[function]
