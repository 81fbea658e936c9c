from django.apps import AppConfig


class ScansConfig(AppConfig):
    name = "sample_project.scans"
    default_auto_field = "django.db.models.BigAutoField"
