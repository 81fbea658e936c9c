"""Writing one row at a time: found, named, placed, and one write once the fix is pasted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.db.models import Case, Value, When

from queryscope import inspect, record
from queryscope.core.findings import Finding

from .marks import line_of
from .testapp import models, writing
from .testapp.models import Author, Book, Country, Draft, Edition, Genre, Loan, Novel, Score

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Loop:
    """A loop and its finding: message and queries, confidence, fix and what it is made for."""

    name: str
    call: str
    count: int
    confidence: str
    kind: str
    code: str

    def __str__(self) -> str:
        return self.name


def table(text: str) -> list[Loop]:
    made = []
    for line in text.strip().splitlines():
        name, call, count, confidence, kind, code = line.split(" | ")
        made.append(Loop(name, call, int(count), confidence, kind, code.replace("\\n", "\n")))
    return made


THROUGH = "Book.genres.through.objects"
LINKS = (
    f"{THROUGH}.bulk_create([Book.genres.through(book=book, genre=genre) for book, genre in pairs]"
    ", ignore_conflicts=True)"
)
CASES = "When(name=key, then=Value(value)) for key, value in names.items()"

LOOPS = table(rf"""
create | Country.objects.create() | 5 | likely | bulk_create | Country.objects.bulk_create(countries)
create_comprehension | Country.objects.create() | 5 | likely | bulk_create | Country.objects.bulk_create(countries)
create_by_save | Country.save() | 5 | likely | bulk_create | Country.objects.bulk_create(countries)
create_with_key | Country.save() | 10 | likely | bulk_create | Country.objects.bulk_create(countries)
create_related | Loan.objects.create() | 5 | likely | bulk_create | Loan.objects.bulk_create(loans)
create_many_to_many | Book.genres.create() | 10 | likely | bulk_create | genres = Genre.objects.bulk_create(genres)\nbook.genres.add(*genres)
create_override | Draft.objects.create() | 5 | likely | bulk_create | Draft.objects.bulk_create(drafts)
save | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, ["pages"])
save_two | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, ["summary", "pages"])
save_key | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, ["editor"])
save_fields | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, ["pages"])
save_unknown | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, fields)
save_deferred | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, ["title"])
save_streamed | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, ["pages"])
save_map | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, fields)
save_child | Novel.save() | 6 | certain | bulk_update | Novel.objects.bulk_update(novels, ["pages", "period"])
save_in_helper | Book.save() | 5 | certain | bulk_update | Book.objects.bulk_update(books, fields)
save_override | Draft.save() | 5 | certain | bulk_update | Draft.objects.bulk_update(drafts, ["title", "changed"])
update | Book.objects.update() | 5 | likely | rewrite | Book.objects.filter(pk__in=pks).update(pages=pages)
update_expression | Book.objects.update() | 5 | likely | rewrite | Book.objects.filter(pk__in=pks).update(pages=pages)
update_by_owner | Book.objects.update() | 5 | likely | rewrite | Book.objects.filter(author__in=authors).update(pages=pages)
update_each | Book.objects.update() | 5 | likely | bulk_update | books = [Book(pk=pk, pages=pages) for pk, pages in rows]\nBook.objects.bulk_update(books, ["pages"])
update_each_by_name | Author.objects.update() | 4 | likely | rewrite | Author.objects.filter(name__in=names).update(email=Case(*[{CASES}]))
delete | Loan.delete() | 10 | certain | rewrite | Loan.objects.filter(pk__in=pks).delete()
delete_cascade | Book.delete() | 0 | certain | rewrite | Book.objects.filter(pk__in=pks).delete()
delete_filtered | Loan.objects.delete() | 5 | likely | rewrite | Loan.objects.filter(book__in=books).delete()
delete_cascade_filtered | Book.objects.delete() | 0 | likely | rewrite | Book.objects.filter(pk__in=pks).delete()
get_or_create | Author.objects.get_or_create() | 7 | likely | bulk_create | Author.objects.bulk_create(authors, ignore_conflicts=True)
get_or_create_existing | Author.objects.get_or_create() | 5 | likely | bulk_create | Author.objects.bulk_create(authors, ignore_conflicts=True)
scores_by_two | Score.objects.get_or_create() | 10 | likely | bulk_create | Score.objects.bulk_create(scores, ignore_conflicts=True)
get_or_create_free | Genre.objects.get_or_create() | 11 | likely | bulk_create | existing = set(Genre.objects.filter(name__in=names).values_list("name", flat=True))\nGenre.objects.bulk_create(Genre(name=value) for value in set(names) - existing)
update_or_create | Author.objects.update_or_create() | 10 | likely | bulk_create | Author.objects.bulk_create(authors, update_conflicts=True, unique_fields=["email"], update_fields=["name"])
update_or_create_pair | Score.objects.update_or_create() | 20 | likely | bulk_create | Score.objects.bulk_create(scores, update_conflicts=True, unique_fields=["name", "author"], update_fields=["points"])
add | Book.genres.add() | 5 | likely | bulk_create | {LINKS}
add_to_one | Book.subgenres.add() | 3 | likely | rewrite | book.subgenres.add(*rows)
remove | Book.genres.remove() | 5 | likely | rewrite | {THROUGH}.filter(book__in=books).filter(genre__in=genres).delete()
remove_from_one | Book.genres.remove() | 3 | likely | rewrite | book.genres.remove(*rows)
clear | Book.genres.clear() | 5 | likely | rewrite | {THROUGH}.filter(book__in=books).delete()
set_each | Book.genres.set() | 10 | likely | bulk_create | {THROUGH}.filter(book__in=books).delete()\n{LINKS}
add_related | Author.edited.add() | 5 | likely | bulk_update | Book.objects.bulk_update(books, ["editor"])
add_editions | Book.editions.add() | 10 | likely | rewrite | book.editions.add(*rows)
cursor | INSERT of testapp_country | 5 | likely | rewrite | cursor.executemany(sql, rows)
cursor_update | UPDATE of testapp_book | 5 | likely | rewrite | cursor.executemany(sql, rows)
""")  # noqa: E501


@pytest.fixture(autouse=True)
def rows(library):
    Draft.objects.bulk_create(Draft(title=f"draft {n}") for n in range(5))


def run(name: str) -> Finding:
    with record(name) as recording:
        getattr(writing, name)()
    [finding] = inspect(recording).findings
    if "cascade" in name:
        assert finding.count == recording.queries - 1 > 50
    return finding


@pytest.mark.parametrize("loop", LOOPS, ids=str)
def test_it_is_found_and_named(loop):
    finding = run(loop.name)
    # What cascades is as much as there are models: all of it belongs to the loop.
    count = loop.count or finding.count
    assert finding.detector == "write-in-loop"
    assert finding.message == f"{loop.call} runs in a loop: {count} queries"
    assert (finding.count, finding.confidence) == (count, loop.confidence)


@pytest.mark.parametrize("loop", LOOPS, ids=str)
def test_it_is_placed(loop):
    finding = run(loop.name)
    assert finding.location.file == writing.__file__
    assert finding.location.line == line_of(writing, f"here: {loop.name}")
    if loop.confidence == "certain":
        assert finding.origin.line == line_of(writing, f"origin: {loop.name}")
    else:
        assert finding.origin is None


@pytest.mark.parametrize("loop", LOOPS, ids=str)
def test_it_is_given_a_fix(loop):
    finding = run(loop.name)
    assert (finding.fix.kind, finding.fix.code) == (loop.kind, loop.code)


def named(prefix: str = "new"):
    return [Country(name=name) for name in writing.NAMES if name.startswith(prefix)]


def changed(queryset, **values):
    found = list(queryset)
    for row in found:
        for name, value in values.items():
            setattr(row, name, value(row) if callable(value) else value)
    return found


def pks(queryset):
    return list(queryset.order_by("pk").values_list("pk", flat=True))


def author(number: int = 0) -> Author:
    return Author.objects.get(name=f"Author {number}")


def books():
    return list(writing.books())


def thicker(queryset=None):
    return changed(writing.books() if queryset is None else queryset, pages=lambda b: b.pages + 1)


def first_book():
    return writing.books().first()


def raw(sql: str, rows):
    return {"cursor": connection.cursor(), "sql": sql, "rows": list(rows)}


def genre(number: int) -> Genre:
    return Genre.objects.get(name=f"Genre {number}")


def as_edited():
    editors = Author.objects.order_by("-pk")
    found = books()
    for editor, book in zip(editors, found, strict=True):
        book.editor = editor
    return found


#: What a developer has at hand where the fix is pasted.
AT_HAND = {
    "create": lambda: {"countries": named()},
    "create_comprehension": lambda: {"countries": named()},
    "create_by_save": lambda: {"countries": named()},
    "create_with_key": lambda: {
        "countries": [Country(pk=900 + n, name=name) for n, name in enumerate(writing.NAMES)]
    },
    "create_related": lambda: {"loans": [Loan(author=author(), book=book) for book in books()]},
    "create_many_to_many": lambda: {
        "genres": [Genre(name=name) for name in writing.NAMES],
        "book": first_book(),
    },
    "create_override": lambda: {"drafts": [Draft(title=name) for name in writing.NAMES]},
    "save": lambda: {"books": thicker()},
    "save_two": lambda: {"books": changed(writing.books(), pages=5, summary="short")},
    "save_key": lambda: {"books": changed(writing.books(), editor=author())},
    "save_fields": lambda: {"books": changed(writing.books(), pages=7)},
    "save_unknown": lambda: {"books": changed(writing.books(), pages=7), "fields": ["pages"]},
    "save_deferred": lambda: {
        "books": changed(writing.books().only("title"), title=lambda b: b.title + "!")
    },
    "save_streamed": lambda: {"books": changed(writing.books(), pages=8)},
    "save_map": lambda: {"books": changed(writing.books(), pages=3), "fields": ["pages"]},
    "save_child": lambda: {
        "novels": changed(Novel.objects.all(), pages=lambda n: n.pages + 1, period="late")
    },
    "save_in_helper": lambda: {"books": thicker(), "fields": ["pages"]},
    "save_override": lambda: {
        "drafts": changed(Draft.objects.all(), title=lambda d: d.title + "!")
    },
    "update": lambda: {"pks": pks(Book.objects), "pages": 3},
    "update_expression": lambda: {"pks": pks(Book.objects), "pages": writing.F("pages") + 1},
    "update_by_owner": lambda: {"authors": list(Author.objects.all()), "pages": 3},
    "update_each": lambda: {"rows": [(pk, n) for n, pk in enumerate(pks(Book.objects))]},
    "update_each_by_name": lambda: {"names": {f"Author {n}": f"e{n}" for n in range(4)}},
    "delete": lambda: {"pks": pks(Loan.objects)},
    "delete_cascade": lambda: {"pks": pks(Book.objects)},
    "delete_filtered": lambda: {"books": books()},
    "delete_cascade_filtered": lambda: {"pks": pks(Book.objects)},
    "get_or_create": lambda: {"authors": [Author(email=f"{n * 2}@example.org") for n in range(5)]},
    "get_or_create_existing": lambda: {
        "authors": [Author(email=f"{n}@example.org") for n in range(5)]
    },
    "scores_by_two": lambda: {
        "scores": [Score(author=author(), name=name) for name in writing.NAMES]
    },
    "get_or_create_free": lambda: {"names": ["Genre 1", *writing.NAMES]},
    "update_or_create": lambda: {
        "authors": [Author(email=f"{n * 2}@example.org", name=f"now {n}") for n in range(5)]
    },
    "update_or_create_pair": lambda: {
        "scores": [
            Score(author=author(), name=name, points=n + 5) for n, name in enumerate(writing.NAMES)
        ]
    },
    "add": lambda: {"pairs": [(book, genre(2)) for book in books()]},
    "add_to_one": lambda: {"book": first_book(), "rows": list(Genre.objects.all())},
    "remove": lambda: {"books": books(), "genres": [genre(1)]},
    "remove_from_one": lambda: {"book": first_book(), "rows": list(Genre.objects.all())},
    "clear": lambda: {"books": books()},
    "set_each": lambda: {
        "books": books(),
        "pairs": [(book, one) for book in books() for one in Genre.objects.all()],
    },
    "add_related": lambda: {"books": as_edited()},
    "add_editions": lambda: {
        "book": writing.books().last(),
        "rows": list(Edition.everything.all()),
    },
    "cursor": lambda: raw(
        "INSERT INTO testapp_country (name) VALUES (%s)", [(name,) for name in writing.NAMES]
    ),
    "cursor_update": lambda: raw(
        "UPDATE testapp_book SET pages = %s WHERE id = %s", [(3, pk) for pk in pks(Book.objects)]
    ),
}


def database() -> dict[str, list]:
    """All that the loops write; without the keys of new rows, which sequences choose."""
    columns = {
        Country: ["name"],
        Book: ["title", "summary", "pages", "author", "editor"],
        Novel: ["title", "pages", "period"],
        Loan: ["book", "author"],
        Author: ["name", "email"],
        Genre: ["name"],
        Score: ["author", "name", "points"],
        Edition: ["book", "number"],
        Draft: ["title"],
        Book.genres.through: ["book", "genre__name"],
        Book.subgenres.through: ["book", "genre__name"],
    }
    return {
        model.__name__: sorted(model._base_manager.values_list(*names), key=str)
        for model, names in columns.items()
    }


@pytest.mark.parametrize("loop", LOOPS, ids=str)
def test_its_fix_can_be_pasted_and_keeps_its_promise(loop):
    with transaction.atomic():
        finding = run(loop.name)
        expected = database()
        transaction.set_rollback(True)
    names = {**vars(models), "Case": Case, "When": When, "Value": Value, **AT_HAND[loop.name]()}
    with record() as recording:
        exec(finding.fix.code, names)
    if loop.name == "get_or_create":  # Those who need the rows read them afterwards.
        assert recording.queries == 1
    assert database() == expected
    assert recording.queries <= finding.count - finding.saves
    assert inspect(recording).findings == ()
