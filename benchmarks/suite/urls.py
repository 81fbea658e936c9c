"""Pages as projects have them: some with an N+1, most without."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from tracker.models import Person, Project, Task


def board(request: HttpRequest) -> HttpResponse:
    return render(request, "board.html", {"tasks": Task.objects.order_by("pk")[:100]})


def tasks(request: HttpRequest) -> JsonResponse:
    found = Task.objects.select_related("project__owner", "assigned_to").order_by("-priority")
    return JsonResponse({"tasks": [[t.title, t.project.owner.name, t.status] for t in found]})


def projects(request: HttpRequest) -> JsonResponse:
    found = Project.objects.annotate(size=Count("tasks")).prefetch_related("tasks")
    return JsonResponse({"projects": [[p.name, p.size, len(p.tasks.all())] for p in found]})


def project(request: HttpRequest, pk: int) -> JsonResponse:
    found = get_object_or_404(Project.objects.select_related("owner"), pk=pk)
    done = found.tasks.filter(status="done").count()
    return JsonResponse({"name": found.name, "owner": found.owner.name, "done": done})


def close(request: HttpRequest, pk: int) -> JsonResponse:
    task = get_object_or_404(Task, pk=pk)
    task.status = "done"
    task.save(update_fields=["status"])
    left = task.project.tasks.exclude(status="done").count()
    people = Person.objects.filter(projects=task.project).values_list("email", flat=True)
    return JsonResponse({"left": left, "told": list(people)})


urlpatterns = [
    path("board/", board),
    path("tasks/", tasks),
    path("projects/", projects),
    path("projects/<int:pk>/", project),
    path("tasks/<int:pk>/close/", close),
]
