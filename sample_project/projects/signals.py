from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import Activity, Comment, Task


@receiver(post_save, sender=Task)
def record_task_activity(instance, created, raw, **kwargs):
    if raw:
        return
    verb = Activity.Verb.CREATED if created else Activity.Verb.UPDATED
    if not created and instance.is_closed:
        verb = Activity.Verb.CLOSED
    actor = instance.assigned_to or instance.project.owner
    Activity.objects.create(actor=actor, verb=verb, target=instance)


@receiver(post_save, sender=Comment)
def record_comment_activity(instance, created, raw, **kwargs):
    if created and not raw:
        Activity.objects.create(
            actor=instance.author, verb=Activity.Verb.COMMENTED, target=instance.task
        )
