"""A background task, as Django has them from 6.0 on."""

from __future__ import annotations

from django.tasks import task

from .models import Book


@task
def names() -> list[str]:
    return [book.author.name for book in Book.objects.order_by("pk")]
