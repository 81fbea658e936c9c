from django.http import JsonResponse

from sample_project.projects.models import Task


def listing(tasks):
    rows = [{"title": task.title, "tags": [tag.name for tag in task.tags.all()]} for task in tasks]
    return JsonResponse({"tasks": rows})


def page(request):
    return listing(Task.objects.prefetch_related("tags", "comments").order_by("pk")[:20])


def fixed(request):
    return listing(Task.objects.prefetch_related("tags").order_by("pk")[:20])
