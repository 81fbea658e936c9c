from django.db.models import Window
from django.db.models.functions import RowNumber
from django.http import JsonResponse

from sample_project.projects.models import Task

ORDER = ("-priority", "created_at", "pk")


def queue(tasks):
    return JsonResponse({"next": [f"{task.project}: {task.title}" for task in tasks]})


def page(request):
    place = Window(RowNumber(), order_by=ORDER)
    tasks = Task.objects.select_related("project").annotate(place=place)
    return queue(tasks.filter(place__lte=20).order_by("place"))


def fixed(request):
    return queue(Task.objects.select_related("project").order_by(*ORDER)[:20])
