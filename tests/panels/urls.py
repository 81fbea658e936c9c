"""Pages that the toolbar is shown for; what they ask the database is all that matters of them."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import include, path

from tests.testapp.models import Author, Book


def page(text: object) -> HttpResponse:
    return HttpResponse(f"<html><body>{text}</body></html>")


def names() -> list[str]:
    return [book.author.name for book in Book.objects.order_by("pk")]


def loop(request):
    return page(names())


def data(request):
    return JsonResponse({"names": names()})


def quiet(request):
    return page("nothing asked")


def private(request):
    return page(Author.objects.filter(name=request.GET["name"]).count())


async def waiting(request):
    await asyncio.sleep(0)
    return page(await sync_to_async(names)())


async def native(request):
    return page([book.title async for book in Book.objects.order_by("pk")])


def moved(request):
    names()
    return HttpResponseRedirect("/quiet/")


def stream(request):
    names()
    return StreamingHttpResponse(str(Book.objects.count()) for _ in range(2))


def failing(request):
    names()
    raise RuntimeError("of the application")


def asking(request):
    with connection.cursor() as cursor:
        cursor.execute(request.GET["sql"], [request.GET["value"]] if "value" in request.GET else [])
    return page("asked")


urlpatterns = [
    path("__debug__/", include("debug_toolbar.urls")),
    path("loop/", loop),
    path("book/<int:pk>/<slug:token>/", lambda request, pk, token: loop(request)),
    path("data/", data),
    path("quiet/", quiet),
    path("private/", private),
    path("waiting/", waiting),
    path("native/", native),
    path("moved/", moved),
    path("stream/", stream),
    path("failing/", failing),
    path("asking/", asking),
]
