"""Asking in a loop without following a relation: query-in-loop and its fixes."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.shortcuts import get_object_or_404

from queryscope import inspect, record

from .marks import line_of
from .testapp import loops
from .testapp.library import build
from .testapp.models import Author, Book, Loan

pytestmark = pytest.mark.django_db


def pks() -> list[int]:
    return list(Book.objects.order_by("pk").values_list("author", flat=True))


def book_pks() -> list[int]:
    return list(Book.objects.order_by("pk").values_list("pk", flat=True))


def emails() -> list[str]:
    return list(Author.objects.values_list("email", flat=True))


def run(loop, arguments):
    with record("loop") as recording:
        list(getattr(loops, loop)(arguments))
    return inspect(recording)


CASES = [
    ("get_by_pk", book_pks, "in_bulk", "Book.objects.in_bulk(pks)"),
    ("get_by_unique", emails, "in_bulk", 'Author.objects.in_bulk(values, field_name="email")'),
    ("filter_first", pks, "rewrite", "Book.objects.filter(author__in=values)"),
    ("filter_list", pks, "rewrite", "Book.objects.filter(author__in=values)"),
    ("filter_by_row", Author.objects.all, "rewrite", "Book.objects.filter(author__in=values)"),
    ("filter_exists", pks, "rewrite", "Book.objects.filter(author__in=values)"),
    ("filter_two_columns", pks, None, None),
    ("cursor", book_pks, None, None),
    ("cursor_literals", book_pks, None, None),
    ("raw_each", book_pks, None, None),
]


def test_what_each_fetched_row_loads_is_found_beside_the_loop(library):
    loaded, fetched = sorted(run("get_then_fk", book_pks()).findings, key=lambda f: f.detector)
    assert (fetched.detector, fetched.fix.code) == ("query-in-loop", "Book.objects.in_bulk(pks)")
    assert (loaded.detector, loaded.relation) == ("n-plus-one", "testapp.Book.author")
    assert (loaded.count, loaded.confidence) == (5, "likely")
    assert loaded.fix.code == 'Book.objects.select_related("author")'


@pytest.mark.parametrize(("loop", "values", "kind", "code"), CASES, ids=[c[0] for c in CASES])
def test_a_query_in_a_loop_is_found_placed_and_given_a_fix(library, loop, values, kind, code):
    report = run(loop, values())
    [finding] = report.findings
    assert (finding.detector, finding.count, finding.saves) == ("query-in-loop", 5, 4)
    assert finding.location.file == loops.__file__
    assert (finding.location.line, finding.location.function) == (
        line_of(loops, f"here: {loop}"),
        loop,
    )
    assert (finding.fix and finding.fix.kind, finding.fix and finding.fix.code) == (kind, code)


FIXED = {
    "get_by_pk": lambda found: [found[pk].title for pk in book_pks()],
    "get_by_unique": lambda found: [found[email].name for email in emails()],
    "filter_list": lambda found: [[b for b in found if b.author_id == pk] for pk in pks()],
    "filter_first": lambda found: [next(b for b in found if b.author_id == pk) for pk in pks()],
    "filter_exists": lambda found: [any(b.author_id == pk for b in found) for pk in pks()],
}


@pytest.mark.parametrize("loop", FIXED)
def test_the_fix_can_be_pasted_and_asks_once(library, loop):
    _, values, _, code = next(case for case in CASES if case[0] == loop)
    names = {"Book": Book, "Author": Author, "pks": values(), "values": values()}
    expected = list(getattr(loops, loop)(values()))
    with record() as recording:
        found = eval(code, names)
        found = found if isinstance(found, dict) else list(found)
    assert recording.queries == 1
    assert FIXED[loop](found) == expected


def test_refreshing_each_row_is_one_query_a_row(library):
    [finding] = run("refresh", Book.objects.all()).findings
    assert (finding.detector, finding.count) == ("n-plus-one", 5)
    assert finding.location.line == line_of(loops, "here: refresh")
    with record() as recording:
        found = eval(finding.fix.code, {"Book": Book, "rows": Book.objects.all()})
    assert (len(found), recording.queries) == (5, 2)


def test_two_turns_are_not_a_loop_yet(library):
    assert run("get_by_pk", book_pks()[:2]).findings == ()


@pytest.mark.parametrize("turns", [3, 40, 300, 1_000])
def test_every_turn_is_counted(library, turns):
    Loan.objects.bulk_create(Loan(book_id=book_pks()[0], author_id=pks()[0]) for _ in range(turns))
    keys = list(Loan.objects.values_list("pk", flat=True))[-turns:]
    with record() as recording:
        for pk in keys:
            Loan.objects.get(pk=pk)
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.count) == ("query-in-loop", turns)


@pytest.mark.django_db(databases=["default", "other"])
def test_the_alias_makes_no_difference():
    build("other")
    keys = list(Book.objects.using("other").values_list("pk", flat=True))
    with record() as recording:
        for pk in keys:
            Book.objects.using("other").get(pk=pk)
    assert [f.detector for f in inspect(recording).findings] == ["query-in-loop"]


#: What each turn asks for; the sum of it all is at most two different values.
FEW = [[0, 0, 1], [0, 1, 0], [0, 1, 1], [0] * 9 + [1], [0, 1] * 20]


@pytest.mark.parametrize("turns", FEW, ids=str)
def test_a_loop_may_come_to_the_same_value_again(library, turns):
    keys = book_pks()
    [finding] = run("get_by_pk", [keys[n] for n in turns]).findings
    assert (finding.detector, finding.count) == ("query-in-loop", len(turns))


@pytest.mark.parametrize("turns", FEW, ids=str)
def test_an_async_loop_may_come_to_the_same_value_again(library, turns):
    keys = book_pks()

    async def read():
        return [await Book.objects.aget(pk=keys[n]) for n in turns]

    with record() as recording:
        async_to_sync(read)()
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.count) == ("query-in-loop", len(turns))


@pytest.mark.parametrize("turns", [2, 3, 40])
def test_the_same_value_in_each_turn_is_a_repetition(library, turns):
    [finding] = run("get_by_pk", book_pks()[:1] * turns).findings
    assert (finding.detector, finding.count) == ("duplicate-query", turns)


def test_a_loop_over_one_value_does_not_go_on_elsewhere(library):
    first, second = book_pks()[:2]

    def title(pk: int) -> str:
        return Book.objects.get(pk=pk).title

    with record() as recording:
        for _ in range(3):
            title(first)
        title(second)
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.count) == ("duplicate-query", 3)


def test_a_line_that_loops_in_one_request_is_one_finding_of_all(library):
    keys = book_pks()
    recordings = []
    for name, asked in (("page", keys[:1] * 2), ("page", keys), ("other", keys[:1] * 2)):
        with record(name) as recording:
            list(loops.get_by_pk(asked))
        recordings.append(recording)
    found = {(finding.endpoint, finding.detector) for finding in inspect(*recordings).findings}
    assert found == {("page", "query-in-loop"), ("other", "duplicate-query")}


def test_a_function_called_on_two_lines_is_no_loop(library):
    first, second, third = book_pks()[:3]

    def title(pk: int) -> str:
        return Book.objects.get(pk=pk).title

    with record() as recording:
        title(first)
        title(second)
        title(third)
    assert inspect(recording).findings == ()


def test_the_same_object_through_a_shortcut_is_asked_twice(library):
    key = book_pks()[0]

    def book() -> Book:
        return get_object_or_404(Book, pk=key)

    with record() as recording:
        assert book().title
        assert book().title
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.count) == ("duplicate-query", 2)
