"""Pages that write: one row each, and an admin whose lists can be edited."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from .testapp.models import Country


def write(request):
    return HttpResponse(Country.objects.create(name="one").name)


class CountryAdmin(admin.ModelAdmin):
    list_display = ["id", "name"]
    list_editable = ["name"]


site = admin.AdminSite("editable")
site.register(Country, CountryAdmin)

urlpatterns = [path("write/", write), path("admin/", site.urls)]
