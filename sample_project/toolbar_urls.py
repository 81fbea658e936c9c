"""The tracker with the debug toolbar: see the settings for when."""

from django.urls import include, path

from sample_project.urls import urlpatterns as tracker

urlpatterns = [*tracker, path("__debug__/", include("debug_toolbar.urls"))]
