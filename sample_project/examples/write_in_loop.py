from contextlib import contextmanager

from django.db import transaction
from django.http import JsonResponse

from sample_project.accounts.models import Settings


@contextmanager
def rehearsal():
    """A page that is read changes nothing."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def subscribed(settings):
    return JsonResponse({"users": [row.user_id for row in settings if row.weekly_digest]})


def page(request):
    settings = Settings.objects.order_by("pk")[:20]
    with rehearsal():
        for row in settings:
            row.weekly_digest = True
            row.save()
    return subscribed(settings)


def fixed(request):
    settings = Settings.objects.order_by("pk")[:20]
    with rehearsal():
        for row in settings:
            row.weekly_digest = True
        Settings.objects.bulk_update(settings, ["weekly_digest"])
    return subscribed(settings)
