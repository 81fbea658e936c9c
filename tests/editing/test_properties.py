"""Whatever stands around a queryset: what comes can be read, and the rest is as it was."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from queryscope.editing import edits_for

from .findings import finding, fix, location

CALLS = st.sampled_from(
    (
        *(
            ".all()",
            ".filter(pages=1)",
            '.exclude(title="a,b)")',
            ".order_by('-pk')",
            ".distinct()",
        ),
        *('.select_related("editor")', '.prefetch_related("genres",)', ".only('pk')", ".mine()"),
        *(
            ".filter(\n    pages=1,  # thin\n)",
            ".values('pk')",
            "[:5]",
            ".first()",
            '.defer("pk",)',
        ),
    )
)
AROUND = st.sampled_from(
    (
        *("{}", "list({})", "[b for b in {}]", "render(request, {{'books': {}}})", "({})"),
        *("f(*{})", "{} or None", "not {}", "x if {} else y", "(\n    {}  # those\n)"),
        *("sum(b.pages for b in {})", "[\n    b.title\n    for b in {}\n    if b.pages\n]"),
    )
)
STATEMENTS = st.sampled_from(
    ("return {}", "books = {}", "for book in {}:\n    pass", "books: list = {}")
)
METHODS = st.sampled_from(
    (
        *(
            '.select_related("author")',
            '.prefetch_related("reviews__reviewer")',
            '.defer("summary")',
        ),
        '.select_related("author__country").prefetch_related("genres", "subgenres")',
        '.annotate(reviews_count=Count("reviews", distinct=True))',
        '.prefetch_related(Prefetch("reviews", queryset=Review.objects.filter(text="x")[:1], '
        'to_attr="first_x_reviews"))',
    )
)
HEAD = """\
# A module.
from tests.testapp.models import Book


def before( x ):
    return [ x,1 ]


"""
TAIL = "\n\nclass After :\n    books = Book.objects.all( )  # kept\n"


def indented(text: str, unit: str) -> str:
    return "\n".join(f"{unit}{line}" for line in text.split("\n"))


@settings(max_examples=150, deadline=None)
@given(
    calls=st.lists(CALLS, max_size=4),
    around=AROUND,
    statement=STATEMENTS,
    methods=METHODS,
    unit=st.sampled_from(("    ", "  ", "\t")),
)
def test_only_the_statement_changes(
    calls: list[str], around: str, statement: str, methods: str, unit: str
) -> None:
    said = statement.format(around.format(f"Book.objects{''.join(calls)}"))
    text = f"{HEAD}def page(request, f, x, y):\n{indented(said, unit)}\n{TAIL}"
    try:
        ast.parse(text)
    except SyntaxError:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shown.py"
        file.write_text(text, encoding="utf-8")
        found = finding(fix(methods), location(file, "Book.objects"))
        edits = edits_for([found], [found], folder)
        for data in edits.edit.files.values():
            check(text, data.decode())


def check(before: str, after: str) -> None:
    ast.parse(after)
    start, _, rest = after.partition("def before( x ):")
    assert rest.startswith("\n    return [ x,1 ]\n\n\ndef page(request, f, x, y):\n")
    assert after.endswith(TAIL)
    assert "# A module.\n" in start
    kept = {line for line in before.split("\n") if "#" in line}
    assert all(line.partition("#")[2] in after for line in kept)
    # Every argument, lookup and name that was there is there.
    assert sorted(names(before)) == [n for n in sorted(names(after)) if n in names(before)]


def names(text: str) -> set[str]:
    tree = ast.parse(text)
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
