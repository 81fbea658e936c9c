from django.http import HttpResponse
from django.template.loader import render_to_string

from sample_project.projects.models import Project


def render(active, planned):
    return HttpResponse(
        render_to_string("examples/summary.html", {"active": active, "planned": planned})
    )


def active_projects():
    return Project.objects.filter(status=Project.Status.ACTIVE)


def page(request):
    planned = Project.objects.filter(status=Project.Status.PLANNING).count()
    share = active_projects().count() / max(active_projects().count() + planned, 1)
    return render({"count": active_projects().count(), "share": share}, planned)


def fixed(request):
    planned = Project.objects.filter(status=Project.Status.PLANNING).count()
    active = active_projects().count()
    share = active / max(active + planned, 1)
    return render({"count": active, "share": share}, planned)
