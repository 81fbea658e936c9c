"""Comments in a project's files and ``ALLOW`` in its settings: through inspect() and an audit."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from queryscope import inspect, record
from queryscope.core.findings import Report

from .test_command import run

ALIASES = ("default", "other")
pytestmark = pytest.mark.django_db(databases=ALIASES)

IGNORE = "queryscope: ignore[n-plus-one]"
#: A project of one module. What stands in braces is where a test may put a comment.
MODULE = """\
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from tests.testapp.models import Author, Book


def listed(request):
    {above_origin}
    books = Book.objects.all()  {origin}
    {above}
    names = [
        (
            book.author.name,  {author}
            book.publisher.name,
        )
        for book in books
    ]  {end}
    return HttpResponse(str(names))


def rendered(request):
    return render(request, "rows.html", {{"rows": Book.objects.all()}})


def mended(request):
    books = Book.objects.select_related("author")
    return HttpResponse([book.author.name for book in books])  {mended}


def broken(request):
    Book.objects.count()  {broken}
    raise KeyError("nothing")


def unused(books):
    return [book.author.name for book in books]  {unused}


text = "{string}"

urlpatterns = [
    path("listed/", listed),
    path("rendered/", rendered),
    path("mended/", mended),
    path("broken/", broken),
    path("countries/", lambda request: HttpResponse(str(Author.objects.count()))),
]
"""
TEMPLATE = """\
{% for row in rows %}
  TOP
  {{ row.author.name }} END
{% endfor %}
"""
PLACES = (
    "above_origin",
    "origin",
    "above",
    "author",
    "end",
    "mended",
    "broken",
    "unused",
    "string",
)


@pytest.fixture
def project(
    library: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Makes the project: comments by place -> its module, whose URLconf is the settings'."""
    settings.MIDDLEWARE = []
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}
    ]
    monkeypatch.syspath_prepend(tmp_path)
    name = f"shop_{abs(hash(tmp_path))}"

    def make(top: str = "", bottom: str = "", **comments: str) -> Any:
        written = {place: comments.get(place, "") for place in PLACES}
        (tmp_path / f"{name}.py").write_text(MODULE.format(**written))
        template = TEMPLATE.replace("TOP", top).replace("END", bottom)
        (tmp_path / "rows.html").write_text(template)
        settings.ROOT_URLCONF = name
        return importlib.import_module(name)

    yield make
    sys.modules.pop(name, None)


def recorded(view: Any) -> Report:
    with record(name="GET /listed/") as trace:
        view(None)
    return inspect(trace)


@pytest.mark.parametrize(
    ("comments", "left"),
    [
        ({}, {"author", "publisher"}),
        ({"author": f"# {IGNORE}"}, {"publisher"}),
        ({"origin": f"# {IGNORE} five rows"}, set()),
        ({"above_origin": f"# {IGNORE}"}, set()),
        ({"end": f"# {IGNORE} until 2999-12-31"}, set()),
        ({"above": f"# {IGNORE}"}, set()),
        ({"string": f"# {IGNORE}"}, {"author", "publisher"}),
        ({"unused": f"# {IGNORE}"}, {"author", "publisher"}),
        ({"origin": "# queryscope: ignore[query-in-loop]"}, {"author", "publisher"}),
        ({"origin": "# queryscope: ignore[query-in-loop,n-plus-one]"}, set()),
        ({"origin": "# queryscope: ignore"}, {"author", "publisher"}),
        ({"origin": f"# {IGNORE} until 2000-01-01"}, {"author", "publisher"}),
    ],
)
def test_comments_in_a_module(project: Any, comments: dict[str, str], left: set[str]) -> None:
    report = recorded(project(**comments).listed)
    assert {str(f.relation).rpartition(".")[2] for f in report.findings} == left
    assert {lookup for f in report.findings if f.fix for lookup in f.fix.lookups} == left
    assert len(report.suppressed) == 2 - len(left)


@pytest.mark.parametrize(
    ("top", "end", "allowed"),
    [
        ("", "", 0),
        (f"{{# {IGNORE} #}}", "", 1),
        ("", f"{{# {IGNORE} #}}", 1),
        ("", f'{{{{ "{{# {IGNORE} #}}" }}}}', 0),
        (f"# {IGNORE}", "", 0),
    ],
)
def test_comments_in_a_template(project: Any, top: str, end: str, allowed: int) -> None:
    report = recorded(project(top, end).rendered)
    assert (len(report.findings), len(report.suppressed)) == (1 - allowed, allowed)


AUTHOR = {"relation": "testapp.Book.author", "reason": "five rows"}


@pytest.mark.parametrize(
    ("allow", "left"),
    [
        ([AUTHOR], {"publisher"}),
        ([AUTHOR | {"endpoint": "*/listed/"}], {"publisher"}),
        ([AUTHOR | {"endpoint": "GET /other/"}], {"author", "publisher"}),
        ([AUTHOR | {"until": "2000-01-01"}], {"author", "publisher"}),
        ([{"app": "testapp", "reason": "x"}], set()),
        ([AUTHOR, {"relation": "testapp.Book.publisher", "reason": "x"}], set()),
    ],
)
def test_the_setting(project: Any, settings: Any, allow: list[Any], left: set[str]) -> None:
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "ALLOW": allow}
    report = recorded(project().listed)
    assert {str(f.relation).rpartition(".")[2] for f in report.findings} == left


def test_a_comment_written_meanwhile_is_read(project: Any) -> None:
    module = project()
    assert len(recorded(module.listed).findings) == 2
    project(end=f"# {IGNORE}")
    assert recorded(module.listed).findings == ()


def audited(*arguments: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit status, and each suppression's status and message, by its line or its entry."""
    status, stdout, _ = run("audit", *arguments, "--format", "json")
    told = {}
    for suppression in json.loads(stdout)["suppressions"]:
        file, line = suppression["file"], suppression["line"]
        code = Path(file).read_text().split("\n")[line - 1].split() if file else []
        told[" ".join(code[:2]) or suppression["name"]] = (
            suppression["status"],
            suppression["message"],
        )
    return status, told


QUIET = {"origin": f"# {IGNORE}", "top": f"{{# {IGNORE} #}}"}
UNUSED = ("unused", "the code around it queried without need of it")
MISSPELT = ("misspelt", "no such detector 'n-plus-on'; did you mean 'n-plus-one'?")
EXPIRED = (
    "expired",
    "expired after 2000-01-01: make the change, or give a later date and the reason",
)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("arguments", "comments", "status", "told"),
    [
        ((), {}, 0, {}),
        ((), {"mended": f"# {IGNORE}"}, 0, {"return HttpResponse([book.author.name": UNUSED}),
        (("/listed/",), {"mended": f"# {IGNORE}"}, 0, {}),
        (("--endpoint", "*"), {"mended": f"# {IGNORE}"}, 0, {}),
        ((), {"unused": f"# {IGNORE}"}, 0, {}),
        ((), {"broken": f"# {IGNORE}"}, 0, {}),
        (
            (),
            {"unused": "# queryscope: ignore[n-plus-on]"},
            1,
            {"return [book.author.name": MISSPELT},
        ),
        (("/listed/",), {"unused": "# queryscope: ignore[n-plus-on]"}, 0, {}),
        (("/listed/",), {"end": "# queryscope: ignore[n-plus-on]"}, 1, {"] #": MISSPELT}),
        (
            (),
            {"unused": f"# {IGNORE} until 2000-01-01"},
            1,
            {"return [book.author.name": EXPIRED},
        ),
        (("--ignore", "n-plus-one"), {"unused": f"# {IGNORE} until 2000-01-01"}, 0, None),
        (
            (),
            {"end": "# queryscope: ignore[query-in-loop] no"},
            0,
            {"] #": UNUSED},
        ),
        (
            (),
            {"top": f"{{# {IGNORE} #}}{{# queryscope: ignore[duplicate-query] #}}"},
            0,
            {"{# queryscope:": ("unused", "its template was rendered without need of it")},
        ),
        ((), {"origin": "", "end": ""}, 1, None),
    ],
)
def test_an_audit_tells_of_comments(
    project: Any, arguments: Any, comments: Any, status: int, told: Any
) -> None:
    project(**QUIET | comments)
    code, found = audited(*arguments)
    assert code == status
    if told is not None:
        assert {at: said for at, said in found.items() if said[0] != "used"} == told


ENTRY = 'QUERYSCOPE["ALLOW"][0] '


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("entry", "status", "told"),
    [
        ({"app": "testapp"}, 0, ("used", "")),
        (
            {"detector": "query-in-loop"},
            0,
            ("unused", "what it speaks of was queried without need of it"),
        ),
        (
            {"relation": "testapp.Author.country"},
            0,
            ("unused", "what it speaks of was queried without need of it"),
        ),
        ({"relation": "testapp.Country.publishers"}, 0, None),
        ({"model": "testapp.Author", "endpoint": "/mended/"}, 0, None),
        (
            {"model": "testapp.Author", "endpoint": "/countries/"},
            0,
            ("unused", "what it speaks of was queried without need of it"),
        ),
        (
            {"model": "testapp.Buk"},
            0,
            ("unused", "no model 'testapp.Buk' is installed; did you mean 'testapp.Book'?"),
        ),
        (
            {"endpoint": "GET /lited/"},
            0,
            ("unused", "its endpoint fits no route of this audit"),
        ),
        ({"endpoint": "GET /lited/", "until": "2000-01-01"}, 1, EXPIRED),
    ],
)
def test_an_audit_tells_of_entries(
    project: Any, settings: Any, entry: Any, status: int, told: Any
) -> None:
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "ALLOW": [entry | {"reason": "few"}]}
    project(**QUIET)
    code, found = audited()
    assert code == status
    assert {said for at, said in found.items() if at.startswith(ENTRY)} == ({told} - {None})


def test_a_table(project: Any) -> None:
    project(**QUIET, author=f"# {IGNORE} few, until 2000-01-01")
    status, stdout, _ = run("audit")
    assert status == 1
    assert "3 findings allowed by 2 suppressions (-v 2 lists them)" in stdout
    assert "1 suppression does not hold and counts as found:" in stdout
    assert "Exit status 1: suppressions that do not hold count." in stdout
    assert "Book.author" not in stdout
    assert "Book.author" in run("audit", verbosity=2)[1]


def test_what_is_allowed_of_other_detectors_is_not_told(project: Any) -> None:
    project(**QUIET)
    assert set(dict(audited("--select", "query-in-loop")[1])) == set()
    assert {said[0] for said in audited("--select", "n-plus-one")[1].values()} == {"used"}
