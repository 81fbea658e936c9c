from django.apps import AppConfig


class ExamplesConfig(AppConfig):
    name = "sample_project.examples"
    default_auto_field = "django.db.models.BigAutoField"
