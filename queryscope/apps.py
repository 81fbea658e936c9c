"""The Django app: instruments every database connection and registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class QueryScopeConfig(AppConfig):
    name = "queryscope"
    verbose_name = "queryscope"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, recording  # noqa: F401  (importing checks registers them)

        recording.install()
