"""Endpoints of every make, each of which knows what exactly one request of it asks.

Every request has a number, which is in the text of one of its queries and decides how many rows it
reads. ``expected`` says what its trace holds: queries, and what is found in them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import copy_context
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path

from tracker.models import Project, Task

#: What is found: detector, relation and the function that is named.
Found = tuple[str, str | None, str]

LAZY: Found = ("n-plus-one", "tracker.Task.project", "names")
TEMPLATED: Found = ("n-plus-one", "tracker.Task.project", "templated")
COUNTS: Found = ("n-plus-one", "tracker.Project.tasks", "counts")
GETS: Found = ("query-in-loop", None, "gets")
GATHERED: Found = ("query-in-loop", None, "gathered")


def rows(number: int) -> int:
    """How many rows a request reads: three to eleven."""
    return 3 + number % 9


def sign(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 AS token_{number}_")


def names(number: int) -> Iterator[str]:
    sign(number)
    for task in Task.objects.order_by("pk")[: rows(number)]:
        yield task.project.name


async def counts(number: int) -> AsyncIterator[str]:
    await sync_to_async(sign)(number)
    async for project in Project.objects.order_by("pk")[: rows(number)]:
        yield str(await project.tasks.acount())


def lazy(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse("".join(names(number)))


def joined(request: HttpRequest, number: int) -> HttpResponse:
    sign(number)
    tasks = Task.objects.select_related("project").order_by("pk")[: rows(number)]
    return HttpResponse("".join(task.project.name for task in tasks))


def gets(request: HttpRequest, number: int) -> HttpResponse:
    sign(number)
    found = [Project.objects.get(pk=pk).name for pk in range(1, rows(number) + 1)]
    return HttpResponse("".join(found))


def templated(request: HttpRequest, number: int) -> HttpResponse:
    sign(number)
    return render(request, "board.html", {"tasks": Task.objects.order_by("pk")[: rows(number)]})


def failing(request: HttpRequest, number: int) -> HttpResponse:
    raise RuntimeError("".join(names(number)))


def streamed(request: HttpRequest, number: int) -> StreamingHttpResponse:
    return StreamingHttpResponse(names(number))


def threaded(request: HttpRequest, number: int) -> HttpResponse:
    """The work is done in a thread of the view's own, in a copy of its context."""
    found: list[str] = []

    def work() -> None:
        found.extend(names(number))
        connection.close()

    thread = threading.Thread(target=copy_context().run, args=(work,))
    thread.start()
    thread.join()
    return HttpResponse("".join(found))


async def counted(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse("".join([number async for number in counts(number)]))


async def gathered(request: HttpRequest, number: int) -> HttpResponse:
    await sync_to_async(sign)(number)
    asked = [Project.objects.aget(pk=pk) for pk in range(1, rows(number) + 1)]
    return HttpResponse("".join(project.name for project in await asyncio.gather(*asked)))


async def streamed_async(request: HttpRequest, number: int) -> StreamingHttpResponse:
    return StreamingHttpResponse(counts(number))


#: View -> what each row adds: queries, and the finding that they are.
SYNC: dict[Callable[..., Any], tuple[int, Found | None]] = {
    lazy: (1, LAZY),
    joined: (0, None),
    gets: (1, GETS),
    templated: (1, TEMPLATED),
    failing: (1, LAZY),
    streamed: (1, LAZY),
    threaded: (1, LAZY),
}
ASYNC: dict[Callable[..., Any], tuple[int, Found | None]] = {
    counted: (1, COUNTS),
    gathered: (1, GATHERED),
    streamed_async: (1, COUNTS),
}
_ALL = {view.__name__: (view, *adds) for view, adds in (SYNC | ASYNC).items()}


def expected(name: str, number: int) -> tuple[int, dict[Found, int]]:
    """Queries of one request, and the queries of each finding."""
    _, each, finding = _ALL[name]
    lists = 0 if finding in (GETS, GATHERED) else 1
    return 1 + lists + each * rows(number), {finding: rows(number)} if finding else {}


urlpatterns = [path(f"{name}/<int:number>/", view, name=name) for name, (view, *_) in _ALL.items()]
