from django.http import JsonResponse

from sample_project.projects.models import Activity, Task


def recently_active():
    """The tasks of the latest activities, each once, the latest first."""
    activities = Activity.objects.filter(content_type__model="task").order_by("-pk")[:40]
    return list(dict.fromkeys(activities.values_list("object_id", flat=True)))


def listing(tasks):
    return JsonResponse({"tasks": [{"id": task.pk, "title": task.title} for task in tasks]})


def page(request):
    tasks = []
    for pk in recently_active():
        tasks.append(Task.objects.get(pk=pk))
    return listing(tasks)


def fixed(request):
    pks = recently_active()
    tasks = Task.objects.in_bulk(pks)
    return listing([tasks[pk] for pk in pks])
