from django.http import HttpResponse
from django.template.loader import render_to_string

from sample_project.accounts.models import Profile


def page(request):
    profiles = Profile.objects.order_by("pk")[:20]
    return HttpResponse(render_to_string("examples/directory.html", {"profiles": profiles}))


def fixed(request):
    profiles = Profile.objects.select_related("user").order_by("pk")[:20]
    return HttpResponse(render_to_string("examples/directory.html", {"profiles": profiles}))
