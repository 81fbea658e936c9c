"""The pages that are measured, as views."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path

from tracker.models import Person, Project, Task


def foreign_keys(request: HttpRequest) -> JsonResponse:
    """201 queries: 200 tasks, each loads its project."""
    tasks = Task.objects.order_by("pk")[:200]
    return JsonResponse({"tasks": [[task.title, task.project.name] for task in tasks]})


def template(request: HttpRequest) -> HttpResponse:
    """101 queries: 100 rows of nested includes, the innermost loads the task's project."""
    return render(request, "board.html", {"tasks": Task.objects.order_by("pk")[:100]})


def rows(request: HttpRequest) -> JsonResponse:
    """4 queries and 500 rows: nothing to find."""
    tasks = Task.objects.select_related("project", "assigned_to").order_by("pk")[:500]
    return JsonResponse(
        {
            "tasks": [[task.title, task.project.name, task.assigned_to.name] for task in tasks],
            "open": Task.objects.filter(status="open").count(),
            "projects": Project.objects.count(),
            "people": Person.objects.count(),
        }
    )


urlpatterns = [
    path("foreign-keys/", foreign_keys),
    path("template/", template),
    path("rows/", rows),
]
# Tools that cannot work without routes of their own.
if "silk" in settings.INSTALLED_APPS:
    urlpatterns.append(path("silk/", include("silk.urls", namespace="silk")))
if "debug_toolbar" in settings.INSTALLED_APPS:
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
