from django.contrib import admin
from django.db import models

from .models import Webhook, WebhookDelivery


@admin.register(Webhook)
class WebhookAdmin(admin.ModelAdmin):
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ("__str__", "is_active", "success_rate", "last_delivery")
    list_filter = ("is_active",)
    raw_id_fields = ("user",)

    @admin.display(description="Last delivery")
    def last_delivery(self, webhook):
        delivery = webhook.deliveries.first()
        return delivery.created_at if delivery else None


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(admin.ModelAdmin):
    list_display = ("__str__", "status", "owner", "created_at")
    list_filter = ("status", "event_type")
    raw_id_fields = ("webhook",)

    @admin.display(description="Owner")
    def owner(self, delivery):
        return delivery.webhook.user.display_name
