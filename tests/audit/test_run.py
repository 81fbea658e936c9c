from __future__ import annotations

import io
from typing import Any

import pytest
from django.urls import path

from queryscope.audit.login import UnknownUser
from queryscope.audit.preflight import CannotRun
from queryscope.audit.progress import Progress
from queryscope.audit.run import Audited, Options, audit
from queryscope.conf import get_settings
from queryscope.core.findings import Endpoint
from tests.testapp.models import Country, Publisher

from . import views

ALIASES = ("default", "other")
pytestmark = [pytest.mark.django_db(databases=ALIASES), pytest.mark.usefixtures("urlconf")]

#: A URLconf of its own for the tests that need one.
urlpatterns = [
    path("first/", views.index),
    path("second/", views.interrupts),
]

#: Names that no terminal should be shown, and no encoder takes.
HOSTILE = "a\x1b[31m\u202e\udce9"


class HostileUrls:
    urlpatterns = (
        path("first/", views.index),
        path(f"{HOSTILE}/", views.index),
        path(f"<str:{'argument'}>/x\x1b[31m/", views.any_arguments),
    )


class OneAskedOnePosted:
    urlpatterns = (path("first/", views.index), path("post/", views.post_only))


def run(*urls: str, stream: Any = None, **options: Any) -> Audited:
    chosen = Options(settings=get_settings(), urls=urls, **options)
    return audit(chosen, Progress(stream or io.StringIO()))


def endpoint(audited: Audited, name: str) -> Endpoint:
    return next(e for e in audited.report.endpoints if e.name == name)


def refused(*urls: str, **options: Any) -> str:
    with pytest.raises((CannotRun, UnknownUser)) as caught:
        run(*urls, **options)
    return str(caught.value)


@pytest.mark.django_db(databases=ALIASES, transaction=True)
def test_whole_urlconf(library: dict[str, Any], boss: Any) -> None:
    audited = run()
    report = audited.report
    assert audited.user == "boss"
    problems = {e.name: e.problem.partition(":")[0] for e in report.endpoints if e.problem}
    assert problems == {
        "GET /breaks-transaction/": "500 Internal Server Error",
        "GET /broken/": "500 Internal Server Error",
        "GET /exits/": "500 Internal Server Error",
        "GET /forbidden/": "403 Forbidden for user 'boss'",
        "GET /long/{key}/": "404 Not Found",
        "GET /answers-500/": "500 Internal Server Error",
        "GET /catches/": "500 Internal Server Error",
        "GET /held/{some_key}/": "500 Internal Server Error",
        "GET /of-author/{some_key}/": "500 Internal Server Error",
        "GET /of-tenant/{some_key}/": "500 Internal Server Error",
        "GET /ends-the-session/": "302 redirects to the login page for user 'boss'",
        "GET /missing/": "404 Not Found",
    }
    reasons = {route.route: route.reason for route in report.skipped if "admin" not in route.reason}
    assert reasons["/post/"] == "accepts POST only; record() sees it"
    assert reasons["/post-itself/"] == "accepts POST only; record() sees it"
    assert reasons["/refuses/"].startswith("405 Method Not Allowed")
    shadowed = endpoint(audited, "GET /books/{pk}/").request
    assert reasons["/books/{pk}/"] == f"an earlier route answers {shadowed}; pass a URL to audit"
    assert endpoint(audited, "GET /token/{pk}/").problem is None
    assert endpoint(audited, "GET /pages/{0}").request == "/pages/"
    assert endpoint(audited, "GET /guide/{path}_edit/").request == "/guide/_edit/"
    any_path = "{} answers any path and {} was requested; pass its URLs: manage.py queryscope audit"
    assert reasons["/pages/{0}"] == f"{any_path.format('/pages/{0}', 'only one')} /pages/blog/"
    for route, beginning in (("/docs/{path}", "/docs/"), ("/lost/*", "/lost/")):
        assert reasons[route] == f"{any_path.format(route, 'none')} {beginning}blog/"
    assert [f.endpoint for f in report.findings if f.relation == "testapp.Book.author"] == [
        "GET /authors-of-books/"
    ]


@pytest.mark.parametrize(("urls", "noted"), [((), ["/frist/"]), (("/first/",), [])])
def test_a_budget_that_no_route_has_is_noted_by_a_whole_audit(
    settings: Any, boss: Any, urls: tuple[str, ...], noted: list[str]
) -> None:
    settings.ROOT_URLCONF = OneAskedOnePosted
    settings.QUERYSCOPE = {
        **settings.QUERYSCOPE,
        "QUERY_BUDGETS": {"/first/": 9, "/post/": 9, "/frist/": 9},
    }
    hint = "fits no route of this audit; did you mean '/first/'?"
    told = [f"QUERYSCOPE['QUERY_BUDGETS'][{name!r}] {hint}" for name in noted]
    assert list(run(*urls).report.notes) == told


def test_named_urls_are_named_after_their_routes(library: dict[str, Any]) -> None:
    first, second = (book.pk for book in library["books"][:2])
    one = run(f"/books/{first}/", "/?a=1", f"http://localhost/long/{first}/").report.endpoints
    assert [e.name for e in one] == ["GET /books/{pk}/", "GET /", "GET /long/{key}/"]
    assert [e.request for e in one] == [f"/books/{first}/", "/?a=1", f"/long/{first}/"]
    two = run(f"/books/{first}/", f"/books/{second}/", f"/books/{first}/").report.endpoints
    assert [e.name for e in two] == [f"GET /books/{first}/", f"GET /books/{second}/"]


def test_the_next_row_is_tried_after_a_404(library: dict[str, Any]) -> None:
    best, second = library["books"][2].pk, library["books"][4].pk
    views.hidden = best
    try:
        found = endpoint(run(globs=("/visible/*",)), "GET /visible/books/{pk}/")
    finally:
        views.hidden = None
    assert (found.request, found.problem) == (f"/visible/books/{second}/", None)


def test_what_a_404_was_asked_for(library: dict[str, Any]) -> None:
    Publisher.objects.create(name="Prensa", country=Country.objects.create(name="Peru"))
    globs = ("/elsewhere/countries/*", "/")
    found = endpoint(run(globs=globs), "GET /elsewhere/countries/{country}/")
    best = library["country"].pk
    tried = f"404 Not Found: tried {{country}}={best} from Country.pk and 1 other URL"
    assert found.problem == f"{tried}; pass a URL to audit"
    assert found.request == f"/elsewhere/countries/{best}/"


def test_404s_of_different_arguments_are_one_reason(library: dict[str, Any]) -> None:
    message = refused(globs=("/elsewhere/countries/*", "/missing/"))
    assert message.endswith("2 of 2 endpoints failed: 404 Not Found (GET /missing/ and 1 more)")


@pytest.mark.parametrize("other", ["/country/*", "/"])
def test_arguments_that_a_sibling_was_answered_with(library: dict[str, Any], other: str) -> None:
    globs = (other, "/elsewhere/countries/*", "/")
    found = endpoint(run(globs=globs), "GET /elsewhere/countries/{country}/")
    chile = "/elsewhere/countries/Chile/"
    assert (found.request == chile, found.problem is None) == ((other != "/"),) * 2


def test_two_audits_tell_the_same(library: dict[str, Any], boss: Any) -> None:
    def told() -> list[Any]:
        report = run(globs=("/", "/api/*", "/authors*", "/books/*", "/elsewhere/*")).report
        # Their order is by time.
        found = [str((f.endpoint, f.message, f.count, f.fix)) for f in report.findings]
        return [sorted(found), [(e.request, e.problem, e.queries) for e in report.endpoints]]

    assert told() == told()


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        (("/authors-*",), {"GET /authors-of-books/"}),
        (("GET /safe/", "/"), {"GET /safe/", "GET /"}),
        (("writers:list",), {"GET /authors/"}),
    ],
)
def test_globs(library: dict[str, Any], globs: tuple[str, ...], names: set[str]) -> None:
    assert {e.name for e in run(globs=globs).report.endpoints} == names


def test_repeats(library: dict[str, Any]) -> None:
    (only,) = run("/authors-of-books/", repeat=3).report.endpoints
    assert (only.repeats, only.queries) == (3, 6)
    assert run("/authors-of-books/", repeat=3).report.findings[0].count == 5


def test_queries_of_one_alias(library: dict[str, Any]) -> None:
    assert run("/countries-elsewhere/").report.endpoints[0].queries == 1
    other = run("/countries-elsewhere/", database="other").report
    assert other.endpoints[0].queries == 1
    assert other.database["alias"] == "other"


def test_anonymous(library: dict[str, Any], boss: Any) -> None:
    audited = run("/private/", "/", anonymous=True)
    assert audited.user == ""
    problem = "302 redirects to the login page for an anonymous visitor; pass --user"
    assert endpoint(audited, "GET /private/").problem == problem
    assert endpoint(run("/private/", "/", user="boss"), "GET /private/").problem is None


@pytest.mark.parametrize(
    ("urls", "options", "message"),
    [
        (("/nowhere/",), {}, "URL '/nowhere/': no route answers it"),
        (("/authr/",), {}, "URL '/authr/': no route answers it; did you mean '/authors/'?"),
        (("/safe",), {}, "URL '/safe': no route answers it; did you mean '/safe/'?"),
        (("/post/",), {}, "URL '/post/' accepts POST only; an audit sends GET and HEAD"),
        ((), {"globs": ("/safr/",)}, "--endpoint '/safr/': no route fits; did you mean '/safe/'?"),
        (
            (),
            {"globs": ("/post/",)},
            "--endpoint '/post/': /post/ cannot be audited: accepts POST only; record() sees it",
        ),
        (("/",), {"globs": ("/x",)}, "--endpoint '/x': none of the given URLs fits"),
        ((), {"user": "x"}, "--user 'x': no user of that username, e-mail or key"),
        (
            (),
            {"database": "othr"},
            "--database 'othr': no such alias; did you mean 'other'? (default, other)",
        ),
        (
            ("/safe/",),
            {},
            "captured no queries: 1 endpoint ran and none used database 'default'",
        ),
        (
            ("/missing/",),
            {},
            "captured no queries: 1 of 1 endpoint failed: 404 Not Found (GET /missing/)",
        ),
        (
            ("/missing/", "/visible/books/1/", "/forbidden/", "/moved/"),
            {"anonymous": True},
            "captured no queries: 3 of 4 endpoints failed: 404 Not Found (GET /missing/ and 1 "
            "more); 403 Forbidden for an anonymous visitor; pass --user (GET /forbidden/)",
        ),
        (
            ("/base/",),
            {},
            "URL '/base/' answers no method: its view has no get(); an audit sends GET and HEAD",
        ),
    ],
)
def test_refusals(urls: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    assert refused(*urls, **options) == message


def test_hostile_routes_are_no_end(library: dict[str, Any], settings: Any) -> None:
    settings.ROOT_URLCONF = HostileUrls
    report = run().report
    assert [endpoint.name for endpoint in report.endpoints] == ["GET /first/"]
    reasons = {route.route: route.reason for route in report.skipped}
    assert reasons[f"/{HOSTILE}/"] == "its URL is not valid Unicode: no browser can ask for it"
    message = f"--endpoint '/{HOSTILE}/': /{HOSTILE}/ cannot be audited: its URL is not valid"
    assert refused(globs=(f"/{HOSTILE}/",)).startswith(
        message.replace(HOSTILE, ascii(HOSTILE)[1:-1], 1)
    )


def test_interrupted(library: dict[str, Any], settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    assert refused() == "interrupted after 1 of 2 endpoints"


def test_progress_is_shown_on_a_terminal_only(library: dict[str, Any]) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), io.StringIO()
    run("/", "/safe/", stream=terminal)
    run("/", "/safe/", stream=file)
    Progress(terminal).note("\x1b[31m\n")
    assert file.getvalue() == ""
    lines = terminal.getvalue().split("\r")
    assert any("] 1/2 00:0" in line and line.rstrip().endswith("GET /safe/") for line in lines)
    assert lines[-2:] == ["", r"\x1b[31m\n".ljust(len(lines[-1]))]


def test_the_projects_own_middleware_stays_quiet(
    library: dict[str, Any], settings: Any, caplog: Any
) -> None:
    assert "queryscope.middleware.QueryScopeMiddleware" in settings.MIDDLEWARE
    run("/authors-of-books/")
    assert not [record for record in caplog.records if record.name == "queryscope"]
