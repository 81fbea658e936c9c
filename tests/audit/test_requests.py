from __future__ import annotations

import gc
import io
from contextlib import redirect_stdout
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection

from queryscope.audit.requests import Requester, host, is_login
from queryscope.audit.sandbox import quiet_surroundings
from tests.testapp.models import Author, Country

from . import views

ALIASES = ("default", "other")
pytestmark = [pytest.mark.django_db(databases=ALIASES), pytest.mark.usefixtures("urlconf")]


def send(url: str, user: Any = None, method: str = "GET", **options: Any) -> Any:
    with quiet_surroundings("localhost"):
        return Requester(user, ALIASES).send(method, url, f"{method} {url}", **options)


@pytest.mark.parametrize(
    ("url", "status", "problem"),
    [
        ("/", 200, None),
        ("/safe/", 200, None),
        ("/moved/", 301, None),
        ("/missing/", 404, "404 Not Found"),
        ("/nowhere/", 404, "404 Not Found"),
        ("/post/", 405, "405 Method Not Allowed: accepts POST only; record() sees it"),
        ("/refuses/", 405, "405 Method Not Allowed, and no Allow header says what it accepts"),
        ("/refuses-allowed/", 405, "405 Method Not Allowed, though its Allow header names GET"),
        ("/catches/", 500, "500 Internal Server Error: KeyError: 'nothing' ({at}:{line})"),
        (
            "/answers-500/",
            500,
            "500 Internal Server Error: the view's own answer, no exception is known",
        ),
        ("/forbidden/", 403, "403 Forbidden for an anonymous visitor; pass --user"),
        ("/broken/", 500, "500 Internal Server Error: KeyError: 'nothing' ({at}:{line})"),
        ("/exits/", 500, "500 Internal Server Error: SystemExit: 3 ({at}:{line})"),
    ],
)
def test_answer(url: str, status: int, problem: str | None) -> None:
    answer = send(url)
    function = {"/broken/": views.broken, "/exits/": views.exits}.get(url)
    if url == "/catches/" and problem:
        problem = problem.format(
            at="tests/audit/views.py", line=views.catches.__code__.co_firstlineno + 2
        )
    if function and problem:
        raised = max(line for *_, line in function.__code__.co_lines() if line)
        problem = problem.format(at="tests/audit/views.py", line=raised)
    assert (answer.status, answer.problem) == (status, problem)
    assert answer.trace.status == status


def test_login_page() -> None:
    answer = send("/private/")
    expected = "302 redirects to the login page for an anonymous visitor; pass --user"
    assert (answer.status, answer.problem) == (302, expected)


@pytest.mark.parametrize("engine", ["db", "signed_cookies"])
def test_a_session_that_was_ended(boss: Any, settings: Any, engine: str) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    problem = "302 redirects to the login page for user 'boss': a middleware or the view has ended"
    assert send("/ends-the-session/", boss).problem == f"{problem} the session"


@pytest.mark.parametrize("url", ["/soils/", "/soils-async/"])
def test_what_one_request_sets_the_next_does_not_see(url: str) -> None:
    views.seen.clear()
    with quiet_surroundings("localhost"):
        requester = Requester(None, ALIASES)
        for asked in ("/is-soiled/", url, "/is-soiled/"):
            assert requester.send("GET", asked, asked).problem is None
    clean, soiled = views.seen
    assert clean == soiled == (False, "UTC", "en", "tests.audit.urls")


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "signed_cookies", "file"], ids=str)
def test_logged_in(boss: Any, settings: Any, tmp_path: Any, engine: str) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    cache.clear()
    answer = send("/private/", boss)
    assert (answer.status, answer.problem) == (200, None)
    assert not Session.objects.exists()
    assert not list(tmp_path.iterdir())
    assert not cache._cache  # type: ignore[attr-defined]


def test_logged_in_where_a_replica_hides_the_session(boss: Any, settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.audit.test_requests.ReadSessionsElsewhere"]
    assert send("/private/", boss).problem is None


class ReadSessionsElsewhere:
    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "other" if model._meta.app_label == "sessions" else None


def test_token_only_views_on_demand(boss: Any, library: dict[str, Any]) -> None:
    url = f"/token/{library['books'][0].pk}/"
    assert send(url, boss).problem == "401 Unauthorized for user 'boss'"
    assert send(url, boss, force=True).problem is None


def test_the_user_is_read_anew_for_every_request(boss: Any) -> None:
    from sample_project.accounts.models import Profile

    Profile.objects.get_or_create(user=boss)
    with quiet_surroundings("localhost"):
        requester = Requester(boss, ALIASES)
        counts = {
            requester.send("GET", "/profile-of-user/", "x", force=force).trace.queries
            for force in (False, False, True, True)
        }
    assert len(counts) == 1


@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/", 1),
        ("/streamed/", 1),
        ("/streamed-async/", 1),
        ("/asynchronous/", 1),
        ("/broken/", 1),
        ("/safe/", 0),
    ],
)
def test_queries_are_recorded(library: dict[str, Any], url: str, queries: int) -> None:
    answer = send(url)
    assert answer.trace.queries == queries
    assert (answer.trace.name, answer.trace.request) == (f"GET {url}", url)


@pytest.mark.parametrize("url", ["/endless/", "/endless-async/"])
def test_a_stream_without_end_is_left_and_closed(url: str) -> None:
    views.done.clear()
    assert send(url).problem is None
    gc.collect()
    assert views.done == ["closed"]


def test_head() -> None:
    assert send("/head/", method="HEAD").problem is None
    assert send("/head/").status == 405


@pytest.mark.django_db(databases=ALIASES, transaction=True)
def test_nothing_is_left_behind() -> None:
    views.done.clear()
    mail.outbox.clear()
    answer = send("/writes/")
    assert (answer.problem, answer.trace.queries >= 3) == (None, True)
    assert not Country.objects.exists()
    assert not Country.objects.using("other").exists()
    assert not Session.objects.exists()
    assert views.done == []
    assert mail.outbox == []


@pytest.mark.django_db(databases=ALIASES, transaction=True)
@pytest.mark.parametrize(
    "url", ["/breaks-transaction/", "/closes-connection/", "/exits/", "/leaves-block-open/"]
)
def test_a_request_that_breaks_the_connection_spoils_no_other(url: str) -> None:
    with quiet_surroundings("localhost"):
        requester = Requester(None, ALIASES)
        requester.send("GET", url, "first")
        answer = requester.send("GET", "/", "second")
    assert (answer.problem, answer.trace.queries) == (None, 1)
    assert not connection.in_atomic_block
    assert not Author.objects.exists()
    assert not Country.objects.exists()


def test_what_views_print_stays_off_stdout(library: dict[str, Any]) -> None:
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        send("/prints/")
    assert stdout.getvalue() == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ALLOWED_HOSTS": []}, "localhost"),
        ({"ALLOWED_HOSTS": ["*"]}, "localhost"),
        ({"ALLOWED_HOSTS": ["a.example.com", "localhost"]}, "localhost"),
        ({"ALLOWED_HOSTS": ["a.example.com", "b.example.com"]}, "a.example.com"),
        ({"ALLOWED_HOSTS": [".example.com"]}, "example.com"),
        ({"ALLOWED_HOSTS": ["example.com"], "PREPEND_WWW": True}, "www.example.com"),
    ],
)
def test_host(settings: Any, changes: dict[str, Any], expected: str) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert host() == expected


@pytest.mark.parametrize("hosts", [[], ["*"], [".example.com"], ["shop.example.com"]])
def test_strict_settings_do_not_get_in_the_way(
    library: dict[str, Any], settings: Any, hosts: list[str]
) -> None:
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = hosts
    settings.SECURE_SSL_REDIRECT = True
    name = host()
    with quiet_surroundings(name):
        answer = Requester(None, ALIASES).send("GET", "/", "x")
    assert (answer.status, answer.problem) == (200, None)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/accounts/login/?next=/x/", True),
        ("/login/", True),
        ("https://sso.example.com/signin", True),
        ("/elsewhere/", False),
        ("/", False),
        ("", False),
    ],
)
def test_is_login(location: str, expected: bool) -> None:
    assert is_login(location) is expected
