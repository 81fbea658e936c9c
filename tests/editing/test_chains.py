"""One expression, what its queryset needs, and the expression afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from queryscope.editing import edits_for

from .findings import finding, fix, location

HEAD = """\
from django.db.models import Count, Prefetch

from tests.testapp.models import Author, Book, Edition, Review


"""
AUTHOR = '.select_related("author")'
GENRES = '.prefetch_related("genres")'


def edited(tmp_path: Path, expression: str, **parts: Any) -> str:
    """What becomes of an expression; a refusal is its reason."""
    file = tmp_path / "shown.py"
    (tmp_path / "ruff.toml").write_text("line-length = 160")
    before = f"{HEAD}def page(request, author, wanted):\n    return {expression}\n"
    file.write_text(before, encoding="utf-8")
    found = finding(fix(**parts), location(file, "    return "))
    edits = edits_for([found], [found], str(tmp_path))
    if edits.refused:
        assert edits.edit.files == {}
        return f"refused: {edits.refused[0].reason}"
    (text,) = [data.decode() for data in edits.edit.files.values()]
    _, found_return, after = text.partition("    return ")
    assert found_return
    return after.removesuffix("\n")


#: What the code says, what is to be appended, and what it says then.
CASES = [
    ("Book.objects.all()", AUTHOR, 'Book.objects.select_related("author")'),
    ("Book.objects.filter(pages=1)", AUTHOR, f"Book.objects.filter(pages=1){AUTHOR}"),
    ("Book.objects", AUTHOR, f"Book.objects{AUTHOR}"),
    ("Book.objects.all()[:20]", AUTHOR, f"Book.objects{AUTHOR}[:20]"),
    ('Book.objects.order_by("pk")[0]', AUTHOR, f'Book.objects.order_by("pk"){AUTHOR}[0]'),
    ("Book.objects.get(pk=1)", AUTHOR, f"Book.objects{AUTHOR}.get(pk=1)"),
    ("Book.objects.filter(pk=1).first()", AUTHOR, f"Book.objects.filter(pk=1){AUTHOR}.first()"),
    ("Book.objects.iterator()", AUTHOR, f"Book.objects{AUTHOR}.iterator()"),
    ("Book.objects.iterator()", GENRES, f"Book.objects{GENRES}.iterator(chunk_size=2000)"),
    ("Book.objects.iterator(50)", GENRES, f"Book.objects{GENRES}.iterator(50)"),
    ('Book.objects.values("pk")', AUTHOR, f'Book.objects{AUTHOR}.values("pk")'),
    ("list(Book.objects.all())", AUTHOR, f"list(Book.objects{AUTHOR})"),
    ("Paginator(Book.objects.all(), 20)", AUTHOR, f"Paginator(Book.objects{AUTHOR}, 20)"),
    ("get_object_or_404(Book, pk=1)", AUTHOR, f"get_object_or_404(Book.objects{AUTHOR}, pk=1)"),
    (
        "get_object_or_404(Book.objects.filter(pages=1), pk=1)",
        AUTHOR,
        f"get_object_or_404(Book.objects.filter(pages=1){AUTHOR}, pk=1)",
    ),
    ("[b.author for b in Book.objects.all()]", AUTHOR, f"[b.author for b in Book.objects{AUTHOR}]"),
    ("(b for b in Book.objects.all())", AUTHOR, f"(b for b in Book.objects{AUTHOR})"),
    ("{b.pk: b for b in Book.objects.all()}", AUTHOR, f"{{b.pk: b for b in Book.objects{AUTHOR}}}"),
    ("(books := Book.objects.all())", AUTHOR, f"(books := Book.objects{AUTHOR})"),
    ("Book.objects.all() if wanted else []", AUTHOR, f"Book.objects{AUTHOR} if wanted else []"),
    ("render(Book.objects.all())", AUTHOR, f"render(Book.objects{AUTHOR})"),
    ("sorted(Book.objects.all(), key=str)", AUTHOR, f"sorted(Book.objects{AUTHOR}, key=str)"),
    ("Book._default_manager.all()", AUTHOR, "refused: line 7 does not build the queryset"),
    ("f'{Book.objects.all()}'", AUTHOR, f"f'{{Book.objects{AUTHOR}}}'"),
    ('f"{Book.objects.all()}"', AUTHOR, """f"{Book.objects.select_related('author')}\""""),
    # One that is there already takes the lookups in.
    (
        'Book.objects.select_related("editor")',
        AUTHOR,
        'Book.objects.select_related("editor", "author")',
    ),
    ('Book.objects.select_related("author")', AUTHOR, None),
    ('Book.objects.select_related("author__country")', AUTHOR, None),
    (
        'Book.objects.select_related("author", "editor")',
        '.select_related("author__country")',
        'Book.objects.select_related("author__country", "editor")',
    ),
    (
        'Book.objects.select_related("author").filter(pages=1)',
        '.select_related("editor")',
        'Book.objects.select_related("author", "editor").filter(pages=1)',
    ),
    (
        "Book.objects.select_related(*wanted)",
        AUTHOR,
        'Book.objects.select_related(*wanted, "author")',
    ),
    ("Book.objects.select_related(None)", AUTHOR, f"Book.objects.select_related(None){AUTHOR}"),
    ("Book.objects.select_related()", AUTHOR, "refused: its select_related() joins all there is"),
    (
        'Book.objects.prefetch_related("genres")',
        '.prefetch_related("genres", "notes")',
        'Book.objects.prefetch_related("genres", "notes")',
    ),
    (
        'Book.objects.prefetch_related("reviews", "genres")',
        '.prefetch_related("reviews__reviewer")',
        'Book.objects.prefetch_related("reviews__reviewer", "genres")',
    ),
    (
        'Book.objects.prefetch_related(Prefetch("reviews", queryset=Review.objects.all()))',
        '.prefetch_related("genres")',
        'Book.objects.prefetch_related(Prefetch("reviews", queryset=Review.objects.all()), '
        '"genres")',
    ),
    ('Book.objects.only("title")', AUTHOR, f'Book.objects.only("title"){AUTHOR}'),
    ("Book.objects.only('title')", '.defer("summary")', "refused: it has an only() already"),
    ('Book.objects.defer("title")', '.defer("summary")', 'Book.objects.defer("title", "summary")'),
    (
        "Book.objects.annotate(n=Count( 'genres' ))",
        '.annotate(n=Count("genres"))',
        None,
    ),
    (
        "Book.objects.annotate(n=Count('notes'))",
        '.annotate(n=Count("genres"))',
        "refused: it has another n already",
    ),
    # The project's own methods.
    ("Book.objects.mine()", AUTHOR, "refused: what mine() returns is not known"),
    ("Book.objects.mine().filter(pages=1)", AUTHOR, f"Book.objects.mine().filter(pages=1){AUTHOR}"),
    ("Book.objects.mine()[:5]", AUTHOR, f"Book.objects.mine(){AUTHOR}[:5]"),
    (
        "Book.objects.union(Book.objects.all())",
        AUTHOR,
        "refused: line 7 has several such querysets",
    ),
    ("Book.objects.union(wanted)", AUTHOR, "refused: it is combined with another queryset"),
    (
        "Book.objects.all(), Book.objects.all()",
        AUTHOR,
        "refused: line 7 has several such querysets",
    ),
    ("wanted", AUTHOR, "refused: line 7 does not build the queryset"),
    ("Author.objects.all()", AUTHOR, "refused: line 7 does not build the queryset"),
]


@pytest.mark.parametrize(
    ("before", "methods", "after"), CASES, ids=[f"{b} {m}" for b, m, _ in CASES]
)
def test_appended(tmp_path: Path, before: str, methods: str, after: str | None) -> None:
    """Without an expected text the fix has nothing to change, and no diff."""
    if after is None:
        with pytest.raises(ValueError, match="not enough values"):
            edited(tmp_path, before, methods=methods)
    else:
        assert edited(tmp_path, before, methods=methods) == after


#: What the code says, the parts of the fix, and what it says then.
OTHERS = [
    (
        'Book.objects.only("title").first()',
        {"deferral": '.only("title", "summary")'},
        'Book.objects.only("title", "summary").first()',
    ),
    (
        'Book.objects.only("title", "pages")',
        {"deferral": '.only("pages", "summary", "title")'},
        'Book.objects.only("title", "pages", "summary")',
    ),
    (
        'Book.objects.defer("title", "summary")[:5]',
        {"deferral": '.defer("title")'},
        'Book.objects.defer("title")[:5]',
    ),
    ('Book.objects.defer("summary")', {"deferral": ".all()"}, "Book.objects.all()"),
    (
        'Book.objects.filter(pages=1).defer("summary")',
        {"deferral": ".all()", "methods": AUTHOR},
        f"Book.objects.filter(pages=1){AUTHOR}",
    ),
    (
        "Book.objects.filter(pages=1)",
        {"deferral": ".all()"},
        "refused: its only() or defer() is not in this expression",
    ),
    (
        'Book.objects.prefetch_related("genres", "notes")',
        {"drops": ("notes",)},
        'Book.objects.prefetch_related("genres")',
    ),
    ('Book.objects.prefetch_related("notes")', {"drops": ("notes",)}, "Book.objects.all()"),
    (
        'Book.objects.order_by("pk").prefetch_related("notes")[:2]',
        {"drops": ("notes",)},
        'Book.objects.order_by("pk")[:2]',
    ),
    (
        'Book.objects.select_related("author", "editor__country")',
        {"drops": ("editor__country",), "kept": ("author", "editor")},
        'Book.objects.select_related("author", "editor")',
    ),
    (
        'Book.objects.prefetch_related(Prefetch("notes", to_attr="n"), "genres")',
        {"drops": ("notes",)},
        'Book.objects.prefetch_related("genres")',
    ),
    (
        'Book.objects.prefetch_related("genres")',
        {"drops": ("notes",)},
        'refused: "notes" is not loaded in this expression',
    ),
    (
        'Book.objects.prefetch_related("notes").union(wanted.prefetch_related("notes"))',
        {"drops": ("notes",), "code": 'remove .prefetch_related("notes")'},
        "refused: line 7 has several such querysets",
    ),
    (
        "author.books.filter(pages=1)[:3]",
        {"methods": '.select_related("editor")', "head": "author.books"},
        'author.books.filter(pages=1).select_related("editor")[:3]',
    ),
    (
        "wanted(request).books.all()",
        {"methods": '.select_related("editor")', "head": "author.books"},
        'wanted(request).books.select_related("editor")',
    ),
    (
        "get_user_model().objects.all()",
        {"methods": '.select_related("country")', "head": "Author.objects"},
        'get_user_model().objects.select_related("country")',
    ),
    (
        "Edition.available.all()",
        {"methods": '.select_related("book")', "head": "Edition.available"},
        'Edition.available.select_related("book")',
    ),
    ("Book.objects.all()", {}, "refused: it is not a change of one queryset"),
    (
        "Book.objects.all()",
        {"methods": AUTHOR, "partial": True},
        "refused: what reads the rows has to change as well, in a way that is not known",
    ),
]


@pytest.mark.parametrize(
    ("before", "parts", "after"), OTHERS, ids=[f"{b} {p}" for b, p, _ in OTHERS]
)
def test_changed(tmp_path: Path, before: str, parts: dict[str, Any], after: str) -> None:
    assert edited(tmp_path, before, **parts) == after
