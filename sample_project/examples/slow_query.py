from django.db.models import Count, OuterRef, Subquery
from django.http import JsonResponse

from sample_project.projects.models import Activity, Task

PER_OBJECT = Activity.objects.order_by().values("object_id").annotate(count=Count("pk"))


def board(tasks, counts):
    return JsonResponse({"tasks": [[task.title, counts.get(task.pk) or 0] for task in tasks]})


def page(request):
    count = PER_OBJECT.filter(object_id=OuterRef("pk")).values("count")
    tasks = Task.objects.annotate(happened=Subquery(count)).order_by("pk")[:150]
    return board(tasks, {task.pk: task.happened for task in tasks})


def fixed(request):
    tasks = Task.objects.order_by("pk")[:150]
    counts = PER_OBJECT.filter(object_id__in=[task.pk for task in tasks])
    return board(tasks, dict(counts.values_list("object_id", "count")))
