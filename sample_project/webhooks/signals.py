from django.db.models.signals import post_save
from django.dispatch import receiver

from sample_project.projects.models import Comment, Task

from .models import Webhook, WebhookDelivery


def queue_deliveries(event_type, project, payload):
    for member in project.team_members.all():
        for webhook in member.webhooks.all():
            if webhook.listens_to(event_type):
                WebhookDelivery.objects.create(
                    webhook=webhook, event_type=event_type, payload=payload
                )


@receiver(post_save, sender=Task)
def task_saved(instance, created, raw, **kwargs):
    if raw:
        return
    event_type = Webhook.Event.TASK_CREATED if created else Webhook.Event.TASK_UPDATED
    payload = {"task": instance.pk, "title": instance.title, "status": instance.status}
    queue_deliveries(event_type, instance.project, payload)


@receiver(post_save, sender=Comment)
def comment_saved(instance, created, raw, **kwargs):
    if created and not raw:
        payload = {"task": instance.task_id, "comment": instance.pk, "body": instance.body}
        queue_deliveries(Webhook.Event.COMMENT_CREATED, instance.task.project, payload)
