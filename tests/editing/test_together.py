"""Several findings at once: one edit of a queryset, several of a file, and what stays out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from queryscope.core.findings import Finding, Report
from queryscope.core.repairs import Rewrite
from queryscope.core.sightings import TemplateLine
from queryscope.editing import edits_for, is_proven, with_diffs

from .findings import PROOF, finding, fix, location

VIEWS = """\
from django.shortcuts import render

from tests.testapp.models import Book


class Books:
    template_name = "books.html"

    def page(self, request):
        books = Book.objects.all()
        return render(request, self.template_name, {"books": books})


def other(request):
    return [number(book) for book in Book.objects.order_by("pk")]


def number(book):
    return book.reviews.count()
"""
COUNTED = '.annotate(reviews_count=Count("reviews", distinct=True))'
REREAD = Rewrite("book.reviews.count()", "book.reviews_count", True)
IN_TEMPLATE = Rewrite(".reviews.count()", ".reviews_count", True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "views.py"
    path.write_text(VIEWS)
    return path


def texts(file: Path, *chosen: Finding, known: tuple[Finding, ...] = ()) -> dict[str, str]:
    edits = edits_for(chosen, known or chosen, str(file.parent))
    return {Path(path).name: data.decode() for path, data in edits.edit.files.items()}


def reasons(file: Path, *chosen: Finding, known: tuple[Finding, ...] = ()) -> list[str]:
    edits = edits_for(chosen, known or chosen, str(file.parent))
    return [refusal.reason for refusal in edits.refused]


def page(file: Path, methods: str = '.select_related("author")', **parts: object) -> Finding:
    origin = location(file, "books = Book", "Books.page")
    return finding(fix(methods, **parts), origin)  # type: ignore[arg-type]


def test_two_findings_of_a_queryset_change_it_once(file: Path) -> None:
    one = page(file)
    other = replace(one, relation="testapp.Book.editor")
    (text,) = texts(file, one, other).values()
    assert text == VIEWS.replace(
        "books = Book.objects.all()", 'books = Book.objects.select_related("author")'
    )


def test_two_fixes_of_a_queryset_are_merged(file: Path) -> None:
    (text,) = texts(file, page(file), page(file, '.select_related("editor")')).values()
    assert 'books = Book.objects.select_related("author", "editor")\n' in text


def test_two_querysets_of_a_file_both_change(file: Path) -> None:
    other = finding(fix('.select_related("editor")'), location(file, "return [number"))
    (text,) = texts(file, page(file), other).values()
    assert 'books = Book.objects.select_related("author")\n' in text
    assert 'Book.objects.order_by("pk").select_related("editor")' in text


def test_one_line_read_for_two_querysets_changes_once(file: Path) -> None:
    where = location(file, "return book.reviews", "number")
    counted = fix(COUNTED, rewrite=REREAD)
    one = finding(counted, location(file, "books = Book"), where)
    other = finding(counted, location(file, "return [number"), where)
    (text,) = texts(file, one, other).values()
    assert text.count("reviews_count if hasattr(book,") == 1
    assert text.count("reviews_count=Count(") == 2
    assert text.startswith(
        "from django.db.models import Count\nfrom django.shortcuts import render"
    )


def test_one_line_is_not_read_in_two_ways(file: Path) -> None:
    where = location(file, "return book.reviews", "number")
    one = finding(fix(COUNTED, rewrite=REREAD), location(file, "books = Book"), where)
    again = replace(REREAD, after="book.number_of_reviews")
    methods = COUNTED.replace("reviews_count", "number_of_reviews")
    other = finding(fix(methods, rewrite=again), location(file, "return [number"), where)
    assert reasons(file, one, other) == ["another fix changes the same expression"]


def test_what_nothing_would_read_is_left_out(file: Path) -> None:
    methods = f'.select_related("author"){COUNTED}'
    read = replace(REREAD, before="book.notes.count()")
    loaded, counted = page(file, methods), page(file, methods, rewrite=read)
    (text,) = texts(file, loaded, counted).values()
    assert 'books = Book.objects.select_related("author")\n' in text
    assert "Count" not in text
    assert reasons(file, loaded, counted) == ["book.notes.count() is not on line 10"]


def test_what_is_not_chosen_is_left_out(file: Path) -> None:
    methods = f'.select_related("author"){COUNTED}'
    loaded, counted = page(file, methods), page(file, methods, rewrite=REREAD)
    (text,) = texts(file, loaded, known=(loaded, counted)).values()
    assert "Count" not in text


def test_a_queryset_does_not_change_for_readers_that_cannot(file: Path) -> None:
    read = replace(REREAD, before="book.notes.count()")
    assert texts(file, page(file, COUNTED, rewrite=read)) == {}


def test_a_prefetch_that_nothing_would_read_is_left_out(file: Path) -> None:
    named = 'Prefetch("reviews", queryset=Review.objects.all(), to_attr="found")'
    methods = f'.prefetch_related("genres", {named})'
    read = Rewrite("book.reviews.first()", "book.found[0]")
    loaded, found = page(file, methods), page(file, methods, rewrite=read)
    (text,) = texts(file, loaded, found).values()
    assert 'books = Book.objects.prefetch_related("genres")\n' in text


def template(file: Path, text: str, rewrite: Rewrite = IN_TEMPLATE) -> Finding:
    path = file.parent / "templates" / "books.html"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    line = TemplateLine(str(path), text[: text.index("reviews")].count("\n") + 1)
    return replace(page(file, COUNTED, rewrite=rewrite), template=line)


LOOP = "{% for book in books %}\n{{ book.reviews.count }} of {{ book }}\n{% endfor %}\n"


def test_a_template_of_one_view_changes(file: Path) -> None:
    changed = texts(file, template(file, LOOP))
    assert changed["books.html"] == LOOP.replace("reviews.count", "reviews_count")
    assert "annotate(reviews_count" in changed["views.py"]


def test_an_included_template_changes(file: Path) -> None:
    found = template(file, LOOP)
    inner = file.parent / "templates" / "_book.html"
    inner.write_text(LOOP)
    Path(found.template.name).write_text('{% include "_book.html" %}')  # type: ignore[union-attr]
    found = replace(found, template=TemplateLine(str(inner), 2))
    assert set(texts(file, found)) == {"_book.html", "views.py"}


#: What else is in the project, or in the template, and why it is left alone then.
SHARED = [
    (
        {"other.html": '{% include "books.html" %}'},
        LOOP,
        "books.html is named in 2 places, so other rows may be read in it",
    ),
    (
        {"more.py": "class Mine(Books):\n    pass\n"},
        LOOP,
        "other classes inherit from Books, which renders books.html",
    ),
    (
        {"views.py": VIEWS.replace("books.html", "x.html")},
        LOOP,
        "books.html is named nowhere, so other rows may be read in it",
    ),
    (
        {},
        LOOP.replace("{{ book }}", "{{ book.reviews.count }}"),
        ".reviews.count is 2 times on line 2 of books.html",
    ),
    (
        {},
        LOOP.replace("reviews.count", "reviews.count.real"),
        ".reviews.count is not on line 2 of books.html",
    ),
]


@pytest.mark.parametrize(("files", "text", "reason"), SHARED, ids=[reason for *_, reason in SHARED])
def test_a_template_is_left_alone(
    file: Path, files: dict[str, str], text: str, reason: str
) -> None:
    found = template(file, text)
    for name, content in files.items():
        (file.parent / name).write_text(content)
    assert reasons(file, found) == [reason]
    assert texts(file, found) == {}


def test_a_template_rendered_by_other_code_is_left_alone(file: Path) -> None:
    found = template(file, LOOP)
    found = replace(found, origin=location(file, "return [number", "other"))
    assert reasons(file, found) == ["books.html is rendered by Books"]


def test_what_is_not_there_is_not_edited(file: Path) -> None:
    lost = replace(page(file), origin=None)
    assert reasons(file, lost) == ["where the rows come from is not known"]


def test_diffs_are_named_from_the_root(file: Path) -> None:
    edits = edits_for([page(file)], [page(file)], str(file.parent.parent))
    name = f"{file.parent.name}/views.py"
    assert edits.edit.diff.startswith(f"--- a/{name}\n+++ b/{name}\n@@ ")


def test_a_report_gets_the_diffs_of_what_is_proven(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    proven = page(file)
    guessed = replace(page(file, '.select_related("editor")'), proof=None)
    measured = replace(guessed, proof=replace(PROOF, method="measured"))
    report = with_diffs(Report((), (proven, guessed, measured)))
    assert [is_proven(each) for each in report.findings] == [True, False, False]
    first, *others = (each.fix.diff for each in report.findings if each.fix)
    assert first is not None
    assert first.startswith("--- a/views.py\n")
    assert others == [None, None]


def test_nothing_is_imported_before_it_is_needed() -> None:
    """libcst need not be installed for an audit."""
    import subprocess
    import sys

    code = "import sys, queryscope.editing; sys.exit('libcst' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
