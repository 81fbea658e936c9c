from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "sample_project.webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from . import signals  # noqa: F401
