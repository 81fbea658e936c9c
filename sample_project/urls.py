from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="projects:list")),
    path("admin/", admin.site.urls),
    path("accounts/login/", auth_views.LoginView.as_view(), name="login"),
    path("accounts/logout/", auth_views.LogoutView.as_view(next_page="login"), name="logout"),
    path("projects/", include("sample_project.projects.urls")),
    path("api/", include("sample_project.accounts.urls")),
    path("api/", include("sample_project.projects.api_urls")),
    path("api/", include("sample_project.webhooks.urls")),
    path("api/", include("sample_project.scans.urls")),
    path("", include("sample_project.examples.urls")),
]
