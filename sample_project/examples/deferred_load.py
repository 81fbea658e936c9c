from django.http import JsonResponse

from sample_project.projects.models import Project


def card(project):
    if project is None:
        return JsonResponse({})
    return JsonResponse({"name": project.name, "description": project.description})


def page(request):
    return card(Project.objects.only("name").order_by("pk").first())


def fixed(request):
    return card(Project.objects.only("name", "description").order_by("pk").first())
