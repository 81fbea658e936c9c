"""What the project does outside of requests."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Avg, Count
from tracker.models import Person, Project, Task


def summary() -> dict[str, int]:
    return dict(Task.objects.values_list("status").annotate(number=Count("pk")))


@transaction.atomic
def hand_over(before: Person, after: Person) -> int:
    moved = 0
    for project in Project.objects.filter(owner=before).select_for_update():
        project.owner = after
        project.save(update_fields=["owner"])
        moved += project.tasks.filter(assigned_to=before).update(assigned_to=after)
    return moved


def urgency() -> float:
    return Task.objects.exclude(status="done").aggregate(mean=Avg("priority"))["mean"] or 0.0
