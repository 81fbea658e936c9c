from django.http import JsonResponse

from sample_project.projects.models import Task


def listing(count, tasks):
    return JsonResponse({"count": count, "tasks": [task.title for task in tasks]})


def page(request):
    tasks = Task.objects.order_by("pk")
    return listing(len(tasks), tasks[:20])


def fixed(request):
    tasks = Task.objects.order_by("pk")
    return listing(tasks.count(), tasks[:20])
