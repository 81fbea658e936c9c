"""Responses of Django itself, as the test client gets them."""

from __future__ import annotations

import pytest
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.test import Client
from django.urls import path
from django.utils import timezone

from queryscope.core.responses import Captured, compare

PAGE = """<!DOCTYPE html>
<html><body data-token="{{ csrf_token }}">
  <form method="post">{% csrf_token %}<button>{{ word }}</button></form>
  <p>Today: {% now "Y" %}. Seconds: {% now "U" %}. ISO: {{ at.isoformat }}. {% now "H:i:s" %}</p>
  {% for message in messages %}<p>{{ message }}</p>{% endfor %}
</body></html>
"""


def page(request: HttpRequest) -> HttpResponse:
    messages.info(request, "Welcome")
    context = {"at": timezone.now(), "word": request.GET["word"]}
    return HttpResponse(engines["django"].from_string(PAGE).render(context, request))


def document(request: HttpRequest) -> JsonResponse:
    rows = [{"name": name} for name in request.GET["word"]]
    return JsonResponse({"at": timezone.now(), "now": timezone.now().timestamp(), "rows": rows})


urlpatterns = [path("page/", page), path("document/", document)]


@pytest.fixture(autouse=True)
def urls(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"


def asked(name: str, word: str) -> Captured:
    response = Client().get(f"/{name}/", {"word": word})
    headers, cookies = tuple(response.headers.items()), tuple(response.cookies)
    return Captured(response.status_code, headers, cookies, response.content, response.charset)


def in_turns(name: str, times: int, word: str = "Save") -> tuple[list[Captured], list[Captured]]:
    """The page as it is, and with another word on it."""
    pairs = [(asked(name, "Save"), asked(name, word)) for _ in range(times)]
    return [base for base, _ in pairs], [fixed for _, fixed in pairs]


@pytest.mark.parametrize("name", ["page", "document"])
@pytest.mark.parametrize("times", [2, 3])
def test_the_same_page_again(name, times):
    base, fixed = in_turns(name, times)
    assert fixed[-1] not in base  # else nothing is shown
    assert compare(base, fixed).reason == ""
    assert compare(base, fixed[:1]).reason == ""


@pytest.mark.parametrize("name", ["page", "document"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_another_page(name, times):
    found = compare(*in_turns(name, times, "Send"))
    assert (found.same, found.comparable) == (False, True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("page", 'the body differs at line 3: "Save" became "Send"'),
        ("document", 'the body differs at rows[1].name: "a" became "e"'),
    ],
)
def test_what_differs_is_told(name, reason):
    assert compare(*in_turns(name, 2, "Send")).reason == reason
