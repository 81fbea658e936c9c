from django.http import JsonResponse

from sample_project.projects.models import Task


def board(tasks):
    return JsonResponse({"tasks": [{"id": task.pk, "title": task.title} for task in tasks]})


def page(request):
    return board(Task.objects.order_by("pk")[:500])


def fixed(request):
    return board(Task.objects.defer("description").order_by("pk")[:500])
