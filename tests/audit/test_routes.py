from __future__ import annotations

from typing import Any

import pytest

from queryscope.audit.routes import Route, accepted_methods, audit_method, reason_to_skip, walk
from queryscope.core.url_patterns import readable

URLCONF = "tests.audit.urls"


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    return list(walk(URLCONF))


def named(routes: list[Route], label: str) -> list[str]:
    return [route.name for route in routes if route.label == label]


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("home", ["/"]),
        ("writers:list", ["/authors/"]),
        ("writers:detail", ["/authors/{address}/"]),
        ("book", ["/books/{pk}/"]),
        ("hex", ["/books/{pk}/hex/"]),
        ("unnamed", ["/books/{0}/old/"]),
        ("listed", ["/state/{state}/"]),
        ("optional", ["/archive/", "/archive/{year}/"]),
        ("alternatives", ["/either/"]),
        ("about", ["/en/about/"]),
        ("api-root", ["/api/"]),
        ("book-list", ["/api/books/"]),
        ("book-detail", ["/api/books/{pk}/"]),
        ("book-reviews", ["/api/books/{pk}/reviews/"]),
    ],
)
def test_names(routes: list[Route], label: str, names: list[str]) -> None:
    assert named(routes, label) == names


def test_format_suffixes_are_not_routes_of_their_own(routes: list[Route]) -> None:
    assert not [route.name for route in routes if "format" in route.name]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/post/", "accepts POST only; record() sees it"),
        ("/create/", "accepts POST only; record() sees it"),
        ("/plain/", "accepts POST only; record() sees it"),
        ("/api/books/{pk}/publish/", "accepts POST only; record() sees it"),
        ("/base/", "answers no method: its view has no get()"),
        ("/own-dispatch/", "answers through its own dispatch(), not get(); record() sees it"),
        ("/media/{path}", "serves files"),
        ("/admin/", "admin; add --admin to audit it"),
        ("/safe/", None),
        ("/head/", None),
        ("/", None),
        ("/api/books/", None),
    ],
)
def test_reason_to_skip(routes: list[Route], name: str, reason: str | None) -> None:
    route = next(route for route in routes if route.name == name)
    assert reason_to_skip(route) == reason


@pytest.mark.parametrize(
    ("name", "method"),
    [("/safe/", "GET"), ("/head/", "HEAD"), ("/post/", None), ("/api/books/", "GET"), ("/", "GET")],
)
def test_method(routes: list[Route], name: str, method: str | None) -> None:
    assert audit_method(next(r for r in routes if r.name == name).view) == method


def test_a_plain_function_must_be_asked(routes: list[Route]) -> None:
    assert accepted_methods(routes[0].view) is None


@pytest.mark.parametrize(
    ("name", "any_path", "catch_all"),
    [
        ("/pages/{0}", "0", True),
        ("/docs/{path}", "path", True),
        ("/guide/{path}_edit/", "path", False),
        ("/files/{path}/{line}/", "", False),
        ("/admin/{url}", "url", True),
        ("/spa/", "", True),
        ("/open-ended/", "", False),
        ("/open-ended/{book}/more", "", False),
        ("/lost/*", "", True),
        ("/media/{path}", "path", True),
        ("/authors/{address}/", "", False),
        ("/books/{0}/old/", "", False),
        ("/archive/", "", False),
        ("/", "", False),
    ],
)
def test_catch_all(routes: list[Route], name: str, any_path: str, catch_all: bool) -> None:
    route = next(route for route in routes if route.name == name)
    assert (route.any_path, route.catch_all) == (any_path, catch_all)


def test_admin_on_request(routes: list[Route]) -> None:
    admin = [route for route in routes if route.admin]
    assert len(admin) > 20
    reasons = {route.name: reason_to_skip(route, admin=True) for route in admin}
    assert reasons.pop("/admin/{url}") == "the admin's answer to URLs that do not exist"
    fields = "/admin/autocomplete/?app_label=...&model_name=...&field_name=..."
    assert reasons.pop("/admin/autocomplete/") == f"wants to know the field: pass {fields}"
    assert set(reasons.values()) <= {None, "accepts POST only; record() sees it"}


@pytest.mark.parametrize(
    ("label", "values", "url"),
    [
        ("book", {"pk": 7}, "/books/7/"),
        ("hex", {"pk": 255}, "/books/0xff/hex/"),
        ("writers:detail", {"address": "zoë @x"}, "/authors/zo%C3%AB%20@x/"),
        ("unnamed", {"0": 3}, "/books/3/old/"),
    ],
)
def test_url(routes: list[Route], label: str, values: dict[str, Any], url: str) -> None:
    assert next(route for route in routes if route.label == label).url(values) == url


def test_names_are_those_of_a_request(routes: list[Route], client: Any, settings: Any) -> None:
    """The audit and the middleware call an endpoint the same."""
    from django.urls import resolve

    for route in routes:
        if route.label in {"home", "optional", "listed", "unnamed", "about"}:
            url = route.url({"year": "2024", "state": "open", "0": "1"})
            match = resolve(url, URLCONF)
            assert readable(match.route, match.captured_kwargs or ()) == route.name
