"""Narrowed managers: a fix that narrows in the same way, and what to read then, run as written."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Count
from django.template import engines
from rest_framework import serializers

from queryscope import inspect, record
from queryscope.core.findings import Finding

from .advice import NAMES, rereading
from .testapp import narrowed
from .testapp.models import Author, Book, Genre, Publisher

pytestmark = pytest.mark.django_db


class Texts(serializers.Serializer):
    text = serializers.CharField()


ENDS = 'text__endswith=".1"'


def fetch(queryset: str, name: str, lookup: str = "reviews", of: str = "Book") -> str:
    """A fix with one Prefetch; ``queryset`` goes on after the manager of what is loaded."""
    target = {"reviews": "Review", "notes": "Note", "genres": "Genre"}[lookup.split("__")[-1]]
    rows = f'Prefetch("{lookup}", queryset={target}.objects{queryset}, to_attr="{name}")'
    return f"{of}.objects.prefetch_related({rows})"


def ordered(queryset: str, name: str) -> str:
    return fetch(f".order_by({queryset}", name)


#: Loop, its rows, the fix.
CASES = [
    ("constant", Book, fetch(f".filter({ENDS})", "text_endswith_1_reviews")),
    ("named", Book, fetch(".filter(text=WANTED)", "text_wanted_notes", "notes")),
    ("attribute", Book, fetch(".filter(text__endswith=Ending.FIRST)", "first_reviews")),
    ("local", Book, fetch(".filter(text__endswith=wanted)", "text_endswith_wanted_reviews")),
    ("positional", Book, fetch('.filter(Q(pk=0) | ~Q(text="x"))', "q_pk_0_q_text_x_reviews")),
    ("excluded", Book, fetch(f".exclude({ENDS})", "not_text_endswith_1_reviews")),
    ("ordered", Book, ordered('"-text")', "by_text_desc_reviews")),
    ("sliced", Book, ordered('"text")[:1]', "first_1_by_text_reviews")),
    ("indexed", Book, ordered('"-text")', "by_text_desc_reviews")),
    ("first", Book, ordered('"pk")[:1]', "first_reviews")),
    ("first_of_none", Book, fetch('.filter(text="no").order_by("pk")[:1]', "first_no_reviews")),
    ("first_ordered", Book, ordered('"-text")[:1]', "first_by_text_desc_reviews")),
    ("last", Book, ordered('"-pk")[:1]', "last_reviews")),
    ("last_ordered", Book, ordered('"text").reverse()[:1]', "last_by_text_reviews")),
    ("first_generic", Author, fetch('.order_by("pk")', "first_notes", "notes", "Author")),
    ("got", Book, fetch('.filter(text__endswith=".0")', "text_endswith_0_reviews")),
    (
        "counted",
        Book,
        "Book.objects.annotate(text_endswith_1_reviews_count="
        f'Count("reviews", filter=Q(reviews__{ENDS}), distinct=True))',
    ),
    (
        "counted_by_q",
        Book,
        "Book.objects.annotate(q_text_x_reviews_count="
        'Count("reviews", filter=~Q(reviews__text="x"), distinct=True))',
    ),
    (
        "counted_without",
        Book,
        "Book.objects.annotate(not_text_endswith_1_reviews_count="
        f'Count("reviews", filter=~Q(reviews__{ENDS}), distinct=True))',
    ),
    (
        "counted_across",
        Author,
        "Author.objects.annotate(q_reviews_text_0_1_q_pages_books_count="
        'Count("books", filter=(Q(books__reviews__text="0.1") | Q(books__pages=100)), '
        "distinct=True))",
    ),
    (
        "counted_not_across",
        Author,
        "Author.objects.annotate(not_reviews_text_0_1_books_count=Coalesce(Subquery(Book.objects"
        '.filter(author=OuterRef("pk")).exclude(reviews__text="0.1").order_by().values("author")'
        '.annotate(n=Count("pk")).values("n")), 0))',
    ),
    (
        "counted_managed",
        Book,
        "Book.objects.annotate(editions_count=Coalesce(Subquery(Edition.available"
        '.filter(book=OuterRef("pk")).order_by().values("book")'
        '.annotate(n=Count("pk")).values("n")), 0))',
    ),
    (
        "counted_by_f",
        Book,
        "Book.objects.annotate(days_f_pk_loans_count=Coalesce(Subquery(Loan.objects"
        '.filter(book=OuterRef("pk")).filter(days=F("pk")).order_by().values("book")'
        '.annotate(n=Count("pk")).values("n")), 0))',
    ),
    (
        "counted_twice_each",
        Author,
        "Author.objects.annotate(reviews_pk_gt_0_books_count=Coalesce(Subquery(Book.objects"
        '.filter(author=OuterRef("pk")).filter(reviews__pk__gt=0).order_by().values("author")'
        '.annotate(n=Count("pk")).values("n")), 0))',
    ),
    (
        "counted_m2m",
        Genre,
        "Genre.objects.annotate(pages_100_minor_books_count="
        'Count("minor_books", filter=Q(minor_books__pages=100), distinct=True))',
    ),
    (
        "existing",
        Book,
        "Book.objects.annotate(has_not_text_endswith_1_reviews="
        f'Exists(Review.objects.filter(book=OuterRef("pk")).exclude({ENDS})))',
    ),
    ("values_flat", Book, 'Book.objects.prefetch_related("reviews")'),
    ("values_pairs", Book, 'Book.objects.prefetch_related("reviews")'),
    ("values_dicts", Book, fetch('.filter(name="Genre 1")', "genre_1_genres", "genres")),
    ("values_of_key", Book, 'Book.objects.prefetch_related("reviews")'),
    ("in_comprehension", Book, 'Book.objects.prefetch_related("genres")'),
    ("built_before", Book, fetch(f".filter({ENDS})", "text_endswith_1_reviews")),
    (
        "clashing",
        Author,
        'Author.objects.annotate(loaded_pupils_count=Count("pupils", distinct=True))',
    ),
]

#: Loops in which the narrowing cannot be repeated before the loop.
PLAIN = [
    ("by_the_row", "reviews"),
    ("by_the_turn", "reviews"),
    ("by_an_argument", "reviews"),
    ("by_a_closure", "reviews"),
    ("by_a_call", "reviews"),
    ("by_a_state", "reviews"),
    ("by_a_match", "reviews"),
    ("only_the_text", "reviews"),
    ("all_but_one", "reviews"),
    ("latest", "reviews"),
    ("tried", "reviews"),
    ("counted_slice", "reviews"),
    ("distinct_values", "genres"),
    ("values_of_related", "reviews"),
]


def run(loop: str, rows: Any) -> tuple[list[Finding], list[object], int]:
    with record("loop") as recording:
        values = list(getattr(narrowed, loop)(rows))
    return list(inspect(recording).findings), values, recording.queries


def alike(values: list[object], code: str) -> list[str]:
    """What was read of the rows, in the order of a query that has one."""
    if "order_by" not in code:
        values = [sorted(map(str, v)) if isinstance(v, list) else v for v in values]
    return sorted(map(str, values))


def known() -> dict[str, Any]:
    return {**NAMES, **vars(narrowed), "wanted": ".1"}


@pytest.mark.parametrize(("loop", "model", "code"), CASES, ids=[case[0] for case in CASES])
def test_the_fix_narrows_in_the_same_way_and_keeps_its_promise(library, loop, model, code):
    [finding], values, queries = run(loop, model.objects.all())
    assert finding.fix.code == code
    reread = rereading(finding)
    assert reread is not None
    with record("fixed") as recording:
        after = [reread(row) for row in eval(code, known())]
    assert alike(after, code) == alike(values, code)
    assert queries - recording.queries == finding.saves
    assert inspect(recording).findings == ()


@pytest.mark.parametrize(("loop", "relation"), PLAIN, ids=[case[0] for case in PLAIN])
def test_what_cannot_be_repeated_is_left_to_python(library, loop, relation):
    findings, _, _ = run(loop, Book.objects.all())
    [finding] = [f for f in findings if f.relation == f"testapp.Book.{relation}"]
    assert finding.fix.code == f'Book.objects.prefetch_related("{relation}")'
    assert f"read .{relation}.all() and narrow it in Python" in finding.hint


def test_a_condition_reads_the_annotation(library):
    [finding], _, _ = run("in_condition", Book.objects.all())
    name = "has_text_endswith_1_reviews"
    assert f"read book.{name} instead of book.reviews.filter({ENDS}).exists(), for" in finding.hint
    assert all(getattr(book, name) for book in eval(finding.fix.code, known()))


def test_a_narrowed_manager_of_prefetched_rows(library):
    [finding], _, _ = run("counted_deep", Publisher.objects.all())
    code = fetch(f".filter({ENDS})", "text_endswith_1_reviews", "book_set__reviews", "Publisher")
    assert finding.fix.code == code
    reread = rereading(finding)
    with record("fixed") as recording:
        rows = [book for row in eval(code, known()) for book in row.book_set.all()]
        assert [reread(book) for book in rows] == [1] * 5
    assert recording.queries == 3


def test_what_narrowed_rows_load_goes_into_their_own_queryset(library):
    findings, _, _ = run("then_fk", Book.objects.all())
    assert sorted(finding.relation for finding in findings) == [
        "testapp.Book.reviews",
        "testapp.Review.reviewer",
    ]
    queryset = f'.filter({ENDS}).select_related("reviewer")'
    [code] = {finding.fix.code for finding in findings}
    assert code == fetch(queryset, "text_endswith_1_reviews")
    with record("fixed") as recording:
        for book in eval(code, known()):
            assert [review.reviewer.name for review in book.text_endswith_1_reviews]
    assert recording.queries == 2


def editions(book):
    return book.editions.count()


#: What a prefetched manager answers as it stands.
ANSWERED = {
    "reviews": lambda book: book.reviews.count(),
    "genres": lambda book: book.genres.count(),
    "notes": lambda book: book.notes.count(),
    "loans": lambda book: book.loans.exists(),
    "subgenres": lambda book: book.subgenres.exists(),
    "readers": lambda book: book.readers.all().exists(),
    "editions": editions,
}


@pytest.mark.parametrize("relation", ANSWERED)
def test_code_that_a_prefetch_answers_stays_as_it_is(library, relation):
    def run(publishers):
        books = [book for row in publishers for book in row.book_set.all()]
        return [ANSWERED[relation](book) for book in books]

    with record("loop") as recording:
        before = run(Publisher.objects.order_by("pk"))
    found = {f.relation: f for f in inspect(recording).findings}[f"testapp.Book.{relation}"]
    assert found.fix.lookups == (f"book_set__{relation}",)
    assert found.hint.endswith(f"at test_remedies.py:{found.origin.line}.")
    with record("fixed") as fixed:
        assert run(eval(found.fix.code, known()).order_by("pk")) == before
    assert (fixed.queries, inspect(fixed).findings) == (3, ())


@pytest.mark.parametrize("asked", ["reviews.count", "reviews.all.count", "genres.exists"])
def test_what_a_template_counts_stays_as_it_is(library, asked):
    rows = "{% for row in rows %}{% for book in row.book_set.all %}"
    text = f"{rows}{{{{ book.{asked} }}}}{{% endfor %}}{{% endfor %}}"
    template = engines["django"].from_string(text)
    with record("page") as recording:
        before = template.render({"rows": Publisher.objects.all()})
    for finding in inspect(recording).findings:
        assert "read" not in finding.hint
    code = finding.fix.code
    with record("fixed") as fixed:
        assert template.render({"rows": eval(code, known())}) == before
    assert (fixed.queries, inspect(fixed).findings) == (3, ())


def test_a_template_may_narrow_a_manager_of_its_own(library):
    rows = "{% for row in rows %}{% for book in row.book_set.all %}"
    text = rows + "{{ book.editions.count }}{% endfor %}{% endfor %}"
    with record("page") as recording:
        engines["django"].from_string(text).render({"rows": Publisher.objects.all()})
    hints = {f.relation: f.hint for f in inspect(recording).findings}
    assert "read .editions.all() and narrow it in Python" in hints["testapp.Book.editions"]


def test_two_ways_to_narrow_one_relation_have_two_names(library):
    findings, _, _ = run("two_of_one", Book.objects.all())
    rereads = [rereading(finding) for finding in findings]
    [code] = {finding.fix.code for finding in findings}
    with record("fixed") as recording:
        found = [[str(reread(row)) for reread in rereads] for row in eval(code, known())]
    assert recording.queries == 3
    assert all(one != other for one, other in found)


def test_beyond_a_generic_key_each_model_has_a_queryset(library):
    with record("loop") as recording:
        list(narrowed.beyond_generic(NAMES["Note"].objects.all()))
    report = inspect(recording)
    [code] = {finding.fix.code for finding in report.findings}
    books, authors = "Book.objects.select_related", "Author.objects.select_related"
    queries = f'{books}("author__country"), {authors}("country")'
    assert code == (
        f'Note.objects.prefetch_related(GenericPrefetch("content_object", [{queries}]))'
    )
    with record("fixed") as fixed:
        list(narrowed.beyond_generic(eval(code, known())))
    assert inspect(fixed).findings == ()
    assert fixed.queries == 3


ASKED = [("of_one_object", Book), ("of_one_row", Author), ("constant_list", Author)]


@pytest.mark.parametrize(("loop", "model"), ASKED, ids=[case[0] for case in ASKED])
def test_what_one_object_or_a_constant_list_is_asked_is_a_query_in_a_loop(library, loop, model):
    [finding], _, queries = run(loop, model.objects.all())
    assert (finding.detector, finding.confidence) == ("query-in-loop", "likely")
    assert finding.count >= queries - 2


def test_the_fix_of_what_one_object_is_asked_keeps_to_it(library):
    [finding], before, _ = run("of_the_user", Book.objects.all())
    assert finding.fix.code == "author.review_set.filter(book__in=values)"
    author, values = Author.objects.get(name="Author 0"), list(Book.objects.all())
    with record("fixed") as recording:
        asked = {review.book_id for review in eval(finding.fix.code, locals())}
    assert ([book.pk in asked for book in values], recording.queries) == (before, 1)


def test_lists_that_change_are_batches(library):
    assert run("changing_lists", Author.objects.all())[0] == []


def test_what_was_just_created_is_no_row_of_a_list(library):
    findings, _, _ = run("created", Book.objects.all())
    assert [finding.detector for finding in findings] == ["write-in-loop"]


def test_a_count_two_relations_away_is_annotated_there(library):
    findings, values, _ = run("counted_beyond", Book.objects.all())
    [code] = {finding.fix.code for finding in findings}
    assert code == (
        'Book.objects.prefetch_related(Prefetch("author", queryset=Author.objects'
        '.select_related("country").annotate(books_count=Coalesce(Subquery(Book.objects'
        '.filter(author=OuterRef("pk")).order_by().values("author").annotate(n=Count("pk"))'
        '.values("n")), 0))))'
    )
    [hint] = [finding.hint for finding in findings if "then read" in finding.hint]
    assert "read book.author.books_count instead of book.author.books.count()" in hint
    with record("fixed") as recording:
        after = [
            (book.author.books_count, book.author.country.name) for book in eval(code, known())
        ]
    assert (sorted(after), recording.queries) == (sorted(values), 2)


def test_a_count_past_a_join_is_left_to_the_prefetch(library):
    findings, _, _ = run("counted_beyond", Book.objects.select_related("author__country"))
    assert {f.fix.code for f in findings} == {'Book.objects.prefetch_related("author__books")'}


GROUPED = [
    (lambda: Book.objects.annotate(n=Count("loans")), "loans"),
    (lambda: Book.objects.filter(genres__name="Genre 1"), "genres"),
    (lambda: Book.objects.filter(reviews__text__contains=".").distinct(), "reviews"),
]


@pytest.mark.parametrize(("rows", "name"), GROUPED, ids=["aggregate", "filter", "distinct"])
def test_a_count_beside_other_joins_is_right_and_leaves_them_right(library, rows, name):
    before = {book.pk: (getattr(book, "n", 0), book.reviews.count()) for book in rows()}
    with record("loop") as recording:
        for book in rows():
            book.reviews.count()
    [finding] = inspect(recording).findings
    assert "Subquery(" in finding.fix.code
    methods = finding.fix.code.removeprefix("Book.objects")
    fixed = eval(f"rows(){methods}", {**known(), "rows": rows})
    assert {b.pk: (getattr(b, "n", 0), b.reviews_count) for b in fixed} == before


def test_two_counts_do_not_multiply_each_other(library):
    findings, _, _ = run("two_counts", Book.objects.all())
    [code] = {finding.fix.code for finding in findings}
    assert code.count("Subquery(") == 2
    assert {(b.reviews_count, b.genres_count) for b in eval(code, known())} == {(2, 2)}


def test_two_counts_beyond_a_key_are_in_one_queryset(library):
    findings, values, _ = run("two_counts_beyond", Book.objects.all())
    [code] = {finding.fix.code for finding in findings}
    with record("fixed") as recording:
        after = [(b.author.books_count, b.author.edited_count) for b in eval(code, known())]
    assert (sorted(after), recording.queries) == (sorted(values), 2)


def test_locked_rows_are_not_joined(library):
    with record("loop") as recording:
        for book in Book.objects.select_for_update():
            book.editor  # noqa: B018
    [finding] = inspect(recording).findings
    assert finding.fix.code == 'Book.objects.prefetch_related("editor")'
    with record("fixed") as fixed:
        list(Book.objects.select_for_update().prefetch_related("editor"))
    assert fixed.queries == 2


def test_a_narrowed_manager_that_a_serializer_evaluates_is_the_projects(library):
    with record("loop") as recording:
        for book in Book.objects.all():
            Texts(book.reviews.filter(text__endswith=".1"), many=True).data  # noqa: B018
    [finding] = inspect(recording).findings
    assert finding.fix.code == fetch(f".filter({ENDS})", "text_endswith_1_reviews")
    assert "then read book.text_endswith_1_reviews instead of" in finding.hint


def test_a_symmetrical_relation_has_no_way_back_to_filter_by(library):
    [finding], _, _ = run("befriended", Author.objects.all())
    assert finding.fix.code.startswith('Author.objects.prefetch_related(Prefetch("friends", ')
    assert eval(finding.fix.code, known())


def test_a_key_of_a_table_joined_to_itself_is_another(library):
    with record("loop") as recording:
        for email in ["0@example.org", "1@example.org", "2@example.org"]:
            list(Author.objects.filter(mentor__email=email))
    [finding] = inspect(recording).findings
    assert (finding.detector, finding.fix) == ("query-in-loop", None)


def test_an_expression_too_deep_to_read_costs_a_remedy_only(library, tmp_path, monkeypatch):
    terms = " | ".join(['Q(text="x")'] * 900)
    source = f"def deep(rows):\n    for book in rows:\n        list(book.reviews.filter({terms}))\n"
    path = tmp_path / "deep.py"
    path.write_text(source)
    names = {**NAMES}
    exec(compile(source, str(path), "exec"), names)
    with record("loop") as recording:
        names["deep"](Book.objects.all())
    [finding] = inspect(recording).findings
    assert finding.relation == "testapp.Book.reviews"


def test_locked_rows_are_counted_without_a_group(library):
    with record("loop") as recording:
        for book in Book.objects.select_for_update():
            book.reviews.count()
    [finding] = inspect(recording).findings
    methods = finding.fix.code.removeprefix("Book.objects")
    rows = eval(f"Book.objects.select_for_update(){methods}", known())
    assert {book.reviews_count for book in rows} == {2}
