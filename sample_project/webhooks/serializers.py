from rest_framework import serializers

from .models import Webhook, WebhookDelivery


class WebhookSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username", read_only=True)
    last_delivery = serializers.SerializerMethodField()

    class Meta:
        model = Webhook
        fields = [
            "id",
            "user",
            "url",
            "is_active",
            "events",
            "success_rate",
            "last_delivery",
            "created_at",
        ]

    def get_last_delivery(self, webhook):
        if not webhook.deliveries.exists():
            return None
        delivery = webhook.deliveries.first()
        return {"status": delivery.status, "created_at": delivery.created_at}


class WebhookDeliverySerializer(serializers.ModelSerializer):
    url = serializers.URLField(source="webhook.url", read_only=True)
    owner = serializers.EmailField(source="webhook.user.email", read_only=True)

    class Meta:
        model = WebhookDelivery
        fields = ["id", "url", "owner", "status", "event_type", "created_at", "payload"]
