from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "sample_project.projects"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from . import signals  # noqa: F401
