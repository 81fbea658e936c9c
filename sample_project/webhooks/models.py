from django.conf import settings
from django.db import models
from django.utils import timezone


class Webhook(models.Model):
    class Event(models.TextChoices):
        TASK_CREATED = "task.created"
        TASK_UPDATED = "task.updated"
        COMMENT_CREATED = "comment.created"
        PROJECT_ARCHIVED = "project.archived"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.URLField()
    is_active = models.BooleanField(default=True)
    events = models.JSONField(default=list, help_text="The event types that are sent.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"{self.user.username} → {self.url}"

    def listens_to(self, event_type):
        return self.is_active and event_type in self.events

    @property
    def success_rate(self):
        total = self.deliveries.count()
        if not total:
            return None
        delivered = self.deliveries.filter(status=WebhookDelivery.Status.DELIVERED).count()
        return round(delivered / total, 3)


class WebhookDelivery(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    event_type = models.CharField(max_length=40, choices=Webhook.Event)
    created_at = models.DateTimeField(default=timezone.now)
    payload = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "webhook deliveries"

    def __str__(self):
        return f"{self.event_type} to {self.webhook.url}"
