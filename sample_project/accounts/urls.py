from django.urls import path

from . import views

urlpatterns = [
    path("auth/user/", views.current_user, name="current-user"),
]
