"""Each way of asking once a row: found, named, placed, and gone once its fix is pasted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest
from django.db.models import Prefetch, QuerySet

from queryscope import inspect, record
from queryscope.core.findings import Finding, Report

from .advice import NAMES, rereading
from .marks import line_of
from .testapp import loops, models
from .testapp.library import build

pytestmark = pytest.mark.django_db

#: What the expressions of the tables may name.
ROWS = {
    **NAMES,
    "FETCH": Prefetch("author"),
    "books": models.Book.objects,
    "ALL": "SELECT * FROM testapp_book",
}


@dataclass(frozen=True)
class Case:
    """A loop, the rows it runs over, and the finding: relation and queries, fix and lookup."""

    loop: str
    rows: str
    found: str
    fix: str
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.loop


def table(text: str) -> list[Case]:
    return [Case(*line.split(" | ")) for line in text.strip().splitlines()]


CASES = table("""
forward_fk | books.all() | Book.author 5 | select author
nullable_fk | books.all() | Book.editor 3 | select editor
self_fk | Author.objects.all() | Author.mentor 4 | select mentor
forward_one_to_one | Profile.objects.all() | Profile.author 5 | select author
reverse_one_to_one | Author.objects.all() | Author.profile 5 | select profile
missing_one_to_one | books.all() | Book.novel 5 | select novel
reverse_fk | books.all() | Book.reviews 5 | prefetch reviews
reverse_fk_inverse | books.all() | Book.reviews 5 | prefetch reviews
m2m | books.all() | Book.genres 5 | prefetch genres
m2m_reverse | Genre.objects.all() | Genre.books 3 | prefetch books
second_m2m | books.all() | Book.subgenres 5 | prefetch subgenres
second_m2m_reverse | Genre.objects.all() | Genre.minor_books 3 | prefetch minor_books
through_m2m | books.all() | Book.readers 5 | prefetch readers
through_m2m_reverse | Author.objects.all() | Author.borrowed 5 | prefetch borrowed
symmetrical_m2m | Author.objects.all() | Author.friends 5 | prefetch friends
generic_fk | Note.objects.all() | Note.content_object 4 | prefetch content_object
generic_relation | books.all() | Book.notes 5 | prefetch notes
deferred | books.defer("summary") | Book.summary 5 | only summary | defer
deferred | books.only("title") | Book.summary 5 | only summary | only
deferred | books.defer("summary", "pages") | Book.summary 5 | only summary | defer-2
deferred_key | books.only("title") | Book.author_id 5 | only author | only-key
deferred_two | books.only("title") | Book.pages 5 | only pages | only-other
forward_fk | books.only("author") | Book.author 5 | select author | only-fk
count | books.all() | Book.reviews 5 | annotate reviews
count_m2m | books.all() | Book.genres 5 | annotate genres
exists | books.all() | Book.reviews 5 | annotate reviews
count_m2m_reverse | Genre.objects.all() | Genre.minor_books 3 | annotate minor_books
exists_m2m | books.all() | Book.genres 5 | annotate genres
exists_m2m_reverse | Genre.objects.all() | Genre.minor_books 3 | annotate minor_books
count_generic | books.all() | Book.notes 5 | prefetch notes
aggregate | books.all() | Book.loans 5 | prefetch loans
contains | books.all() | Book.genres 5 | prefetch genres
filtered | books.all() | Book.reviews 5 | prefetch reviews
filtered_count | books.all() | Book.reviews 5 | annotate reviews
filtered_m2m | books.all() | Book.genres 5 | prefetch genres
filtered_generic | books.all() | Book.notes 5 | prefetch notes
ordered | books.all() | Book.reviews 5 | prefetch reviews
sliced | books.all() | Book.reviews 5 | prefetch reviews
first | books.all() | Book.reviews 5 | prefetch reviews
values_list | books.all() | Book.reviews 5 | prefetch reviews
related_get | books.all() | Book.reviews 5 | prefetch reviews
custom_manager | books.all() | Book.editions 5 | prefetch editions
of_custom_manager | Edition.available.all() | Edition.book 5 | select book
parent_fk | Novel.objects.all() | Book.author 3 | select author
child_fk | Novel.objects.all() | Novel.translator 3 | select translator
parent_many | Novel.objects.all() | Book.reviews 3 | prefetch reviews
parent_m2m | Novel.objects.all() | Book.genres 3 | prefetch genres
forward_fk | Paperback.objects.all() | Book.author 5 | select author | proxy
reverse_fk | Paperback.objects.all() | Book.reviews 5 | prefetch reviews | proxy-many
composite_key | Shelf.objects.all() | Shelf.keeper 3 | select keeper
chain | books.all() | Author.country 10 | select author__country
chain | books.select_related("author") | Author.country 5 | select author__country | joined
chain | books.prefetch_related("author") | Author.country 5 | prefetch author__country | fetched
chain | books.prefetch_related(FETCH) | Author.country 5 | prefetch author__country | Prefetch
chain_of_three | Review.objects.all() | Author.country 30 | select book__author__country
cyclic | Author.objects.all() | Author.mentor 7 | select mentor__mentor
fk_then_many | books.all() | Author.pupils 10 | prefetch author__pupils
many_then_fk | books.prefetch_related("reviews") | Review.reviewer 10 | prefetch reviews__reviewer
forward_fk | books.iterator() | Book.author 5 | select author | iterator
reverse_fk | books.iterator() | Book.reviews 5 | prefetch reviews | iterator-many
m2m | books.iterator() | Book.genres 5 | prefetch genres | iterator-m2m
chain | books.iterator() | Author.country 10 | select author__country | iterator-chain
deferred | books.defer("summary").iterator() | Book.summary 5 | only summary | iterator-defer
count | books.iterator() | Book.reviews 5 | annotate reviews | iterator-count
forward_fk | books.prefetch_related("genres").iterator(2) | Book.author 5 | select author | batches
forward_fk | books.raw(ALL) | Book.author 5 | prefetch author | raw
reverse_fk | books.raw(ALL) | Book.reviews 5 | prefetch reviews | raw-many
forward_fk | books.raw(ALL).iterator() | Book.author 5 | prefetch author | raw-iterator
forward_fk | books.all().union(books.all()) | Book.author 5 | prefetch author | union
forward_fk | list(books.all()) | Book.author 5 | select author | list
forward_fk | books.all()[:5] | Book.author 5 | select author | slice
forward_fk | reversed(books.order_by("pk")) | Book.author 5 | select author | reversed
forward_fk | sorted(books.all(), key=str) | Book.author 5 | select author | sorted
forward_fk | books.in_bulk().values() | Book.author 5 | select author | in_bulk
forward_fk | books.annotate(n=Count("reviews")) | Book.author 5 | select author | annotated
forward_fk | books.filter(pages=100) | Book.author 5 | select author | narrow
prefetch_each | books.all() | Book.reviews 5 | prefetch reviews
""")

#: Findings of one loop that share one fix: loop, rows, each finding in the order of the lines.
SHARED = table("""
two_lines | books.all() | Book.author 5, Author.country 5 | select author__country
only_chain | books.only("title") | Author.country 10, Book.author_id 5 | only author__country author
nested | Publisher.objects.all() | Publisher.book_set 3, Book.author 5 | prefetch book_set__author
nested_m2m | Genre.objects.all() | Genre.books 3, Book.author 10 | prefetch books__author
two_relations | books.all() | Book.author 5, Book.reviews 5 | select author reviews
""")

#: What a loop reads once the fix is there, where its hint leaves that to the reader.
IN_PYTHON = {
    "aggregate": lambda book: {"days": sum(loan.days for loan in book.loans.all())},
}


def run(loop: str, rows: Callable[[], Iterable]) -> tuple[Report, list]:
    with record("loop") as recording:
        values = list(getattr(loops, loop)(rows()))
    return inspect(recording), values


def rows_of(case: Case) -> Callable[[], Iterable]:
    return lambda: eval(case.rows, ROWS)


def pasted(code: str, rows: Callable[[], Iterable]) -> Callable[[], Iterable]:
    """The rows of one who wrote the fix's code in the place of the queryset."""

    def before_the_loop() -> Iterable:
        held = list(rows())
        eval(code, {**NAMES, "rows": held})
        return held

    return before_the_loop if "(rows, " in code else lambda: eval(code, NAMES)


def shown(values: list, loop: str) -> list[str]:
    """What a loop read; lists of a query without an order come in any."""
    if loop != "ordered":
        values = [sorted(map(str, v)) if isinstance(v, list) else v for v in values]
    return sorted(map(str, values))


def by_line(report: Report) -> list[Finding]:
    return sorted(report.findings, key=lambda finding: (finding.location.line, finding.relation))


def described(findings: list[Finding]) -> str:
    return ", ".join(f"{f.relation.removeprefix('testapp.')} {f.count}" for f in findings)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_finding_names_the_relation_the_queries_and_the_fix(library, case):
    report, _ = run(case.loop, rows_of(case))
    [finding] = report.findings
    kind, *lookups = case.fix.split()
    assert described([finding]) == case.found
    assert (finding.detector, finding.confidence) == ("n-plus-one", "certain")
    assert finding.fix.kind.removesuffix("_related") == kind
    assert finding.fix.lookups == tuple(lookups)


@pytest.mark.parametrize("case", SHARED, ids=str)
def test_findings_of_one_origin_share_its_whole_fix(library, case):
    report, _ = run(case.loop, rows_of(case))
    assert described(by_line(report)) == case.found
    assert len({finding.fix.code for finding in report.findings}) == 1
    assert set(report.findings[0].fix.lookups) == set(case.fix.split()[1:])


@pytest.mark.parametrize("case", [*CASES, *SHARED], ids=str)
def test_it_is_placed(library, case):
    report, _ = run(case.loop, rows_of(case))
    names = [case.loop, *(f"{case.loop}-{n}" for n in range(2, 4))]
    here = sorted({finding.location.line for finding in report.findings})
    assert here == [line_of(loops, f"here: {name}") for name in names[: len(here)]]
    for finding in report.findings:
        assert finding.location.file == loops.__file__
        assert finding.location.function == case.loop
        assert "# <- here: " in finding.location.code
        assert finding.template is None


@pytest.mark.parametrize("case", [*CASES, *SHARED], ids=str)
def test_the_origin_is_placed(library, case):
    report, _ = run(case.loop, rows_of(case))
    origins = {finding.origin for finding in report.findings}
    assert len(origins) == 1
    origin = origins.pop()
    if case.rows.startswith(("list(", "sorted(", "reversed(")) or ".values()" in case.rows:
        assert (origin.file, origin.function) == (__file__, "rows_of.<locals>.<lambda>")
    else:
        line = line_of(loops, f"origin: {case.loop}")
        assert (origin.file, origin.line, origin.function) == (loops.__file__, line, case.loop)


@pytest.mark.skipif(not hasattr(QuerySet, "fetch_mode"), reason="fetch modes are of Django 6.1")
@pytest.mark.parametrize("case", [*CASES, *SHARED], ids=str)
def test_its_alternative_by_a_fetch_mode_cures_as_well(library, case):
    before, values = run(case.loop, rows_of(case))
    code = before.findings[0].fix.alternative
    kinds = {finding.fix.kind for finding in before.findings}
    if code is None:
        assert kinds & {"prefetch_related", "annotate"} or "iterator" in case.rows
        return
    after, after_values = run(case.loop, lambda: eval(code, ROWS))
    assert (after.findings, shown(after_values, case.loop)) == ((), shown(values, case.loop))


@pytest.mark.parametrize("case", [*CASES, *SHARED], ids=str)
def test_its_fix_can_be_pasted_and_keeps_its_promise(library, case):
    before, values = run(case.loop, rows_of(case))
    rows = pasted(before.findings[0].fix.code, rows_of(case))
    reread = rereading(before.findings[0]) or IN_PYTHON.get(case.loop)
    if reread is not None:
        with record("loop") as recording:
            after_values = [reread(row) for row in rows()]
        after = inspect(recording)
    else:
        after, after_values = run(case.loop, rows)
    assert after.findings == ()
    assert shown(after_values, case.loop) == shown(values, case.loop)
    saved = before.queries - after.queries
    if case.name == "batches":
        saved -= 3  # Those of the genres, which the fix's code cannot know of.
    assert saved == sum(finding.saves for finding in before.findings)


@pytest.mark.django_db(databases=["default", "other"])
def test_a_fix_stays_on_the_alias_that_was_asked_for():
    build("other")
    with record() as recording:
        for book in models.Book.objects.using("other"):
            assert book.author.name
        for pk in models.Author.objects.using("other").values_list("pk", flat=True):
            models.Author.objects.using("other").get(pk=pk)
    loaded, asked = sorted(inspect(recording).findings, key=lambda f: f.detector)
    assert loaded.fix.code == 'Book.objects.using("other").select_related("author")'
    assert asked.fix.code == 'Author.objects.using("other").in_bulk(pks)'
