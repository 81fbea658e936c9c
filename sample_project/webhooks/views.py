from rest_framework import generics, viewsets
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import IsAuthenticated

from .models import Webhook, WebhookDelivery
from .serializers import WebhookDeliverySerializer, WebhookSerializer


class WebhookPagination(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


def visible_webhooks(user):
    if user.is_staff:
        return Webhook.objects.all()
    return Webhook.objects.filter(user=user)


class WebhookViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = WebhookSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = WebhookPagination

    def get_queryset(self):
        return visible_webhooks(self.request.user)


class WebhookDeliveryListView(generics.ListAPIView):
    serializer_class = WebhookDeliverySerializer
    permission_classes = [IsAuthenticated]
    pagination_class = WebhookPagination

    def get_queryset(self):
        webhook = generics.get_object_or_404(
            visible_webhooks(self.request.user), pk=self.kwargs["pk"]
        )
        return WebhookDelivery.objects.filter(webhook_id=webhook.pk).defer("payload")
