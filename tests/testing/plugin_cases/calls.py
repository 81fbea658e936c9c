"""What the application does when a test calls it."""

from __future__ import annotations

CASES = {
    "service": (
        """
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        from shop import service

        def test(orders):
            assert len(service.names()) == 3
        """,
        ["n-plus-one names"],
    ),
    "service_in_waiting": (
        """
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        from shop import service_in_waiting

        def test(one_order):
            assert len(service_in_waiting.names()) == 1
        """,
        ["n-plus-one names"],
    ),
    "service_looping": (
        """
        from shop.models import Order

        def total(keys):
            return sum(Order.objects.get(pk=key).number for key in keys)
        """,
        """
        from shop import service_looping
        from shop.models import Order

        def test(orders):
            keys = [order.pk for order in Order.objects.all()]
            assert service_looping.total(keys) == 3
        """,
        ["query-in-loop total"],
    ),
    "service_writing": (
        """
        from shop.models import Order

        def renumber():
            for order in Order.objects.all():
                order.number += 1
                order.save()
        """,
        """
        from shop import service_writing

        def test(orders):
            service_writing.renumber()
        """,
        ["write-in-loop renumber"],
    ),
    "service_asking_twice": (
        """
        from shop.models import Order

        def label():
            return f"{Order.objects.count()} of {Order.objects.count()}"
        """,
        """
        from shop import service_asking_twice

        def test(orders):
            assert service_asking_twice.label() == "3 of 3"
        """,
        ["duplicate-query label"],
    ),
    "service_async": (
        """
        from shop.models import Order

        async def total(keys):
            return sum([(await Order.objects.aget(pk=key)).number for key in keys])
        """,
        """
        import pytest
        from asgiref.sync import sync_to_async
        from shop import service_async
        from tests.conftest import make_orders

        @pytest.mark.django_db(transaction=True)
        async def test():
            await sync_to_async(make_orders)(3)
            from shop.models import Order
            keys = [key async for key in Order.objects.values_list("pk", flat=True)]
            assert await service_async.total(keys) == 3
        """,
        ["query-in-loop total"],
    ),
    "service_async_testcase": (
        """
        from shop.models import Order

        async def total(keys):
            return sum([(await Order.objects.aget(pk=key)).number for key in keys])
        """,
        """
        from django.test import TestCase
        from shop import service_async_testcase
        from shop.models import Order
        from tests.conftest import make_orders

        class Tests(TestCase):
            @classmethod
            def setUpTestData(cls):
                make_orders(3)
                cls.keys = list(Order.objects.values_list("pk", flat=True))

            async def test(self):
                self.assertEqual(await service_async_testcase.total(self.keys), 3)
        """,
        ["query-in-loop total"],
    ),
    "service_generator": (
        """
        from shop.models import Order

        def names():
            for order in Order.objects.all():
                yield order.customer.name
        """,
        """
        from shop import service_generator

        def test(orders):
            assert [name for name in service_generator.names()] == ["", "", ""]
        """,
        ["n-plus-one names"],
    ),
    "management/commands/announce": (
        """
        from django.core.management.base import BaseCommand
        from shop.models import Order

        class Command(BaseCommand):
            def handle(self, **options):
                for order in Order.objects.all():
                    order.customer.name
        """,
        """
        from django.core.management import call_command

        def test(orders):
            call_command("announce")
        """,
        ["n-plus-one Command.handle"],
    ),
    "service_in_testcase": (
        """
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        from django.test import TestCase
        from shop import service_in_testcase
        from tests.conftest import make_orders

        class Tests(TestCase):
            def test(self):
                make_orders(3)
                self.assertEqual(len(service_in_testcase.names()), 3)
        """,
        ["n-plus-one names"],
    ),
    "service_patched": (
        """
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        from unittest import mock
        from django.test import override_settings
        from shop import service_patched

        @override_settings(USE_TZ=False)
        @mock.patch("shop.models.Order.customer_name")
        def test(patched, orders):
            assert len(service_patched.names()) == 3
        """,
        ["n-plus-one names"],
    ),
    "page_without_handler": (
        """
        from django.http import HttpResponse
        from shop.models import Order

        def page(request):
            return HttpResponse(", ".join(o.customer.name for o in Order.objects.all()))
        """,
        """
        from shop.page_without_handler import page

        def test(rf, orders):
            assert page(rf.get("/")).status_code == 200
        """,
        ["n-plus-one page"],
    ),
    "view_class": (
        """
        from django.http import HttpResponse
        from django.views import View
        from shop.models import Order

        class Page(View):
            queryset = Order.objects.all()

            def get(self, request):
                return HttpResponse(", ".join(o.customer.name for o in self.queryset.all()))
        """,
        """
        from shop.view_class import Page

        def test(rf, orders):
            assert Page.as_view()(rf.get("/")).status_code == 200
        """,
        ["n-plus-one Page"],
    ),
    "view_template": (
        """
        from django.views.generic import ListView
        from shop.models import Order

        class Page(ListView):
            model = Order
            template_name = "view_template.html"
        """,
        """
        from shop.view_template import Page

        def test(rf, orders):
            assert Page.as_view()(rf.get("/")).render().status_code == 200
        """,
        ["n-plus-one view_template.html"],
    ),
    "view_set": (
        """
        from rest_framework import serializers, viewsets
        from shop.models import Order

        class OrderSerializer(serializers.ModelSerializer):
            name = serializers.SerializerMethodField()

            class Meta:
                model = Order
                fields = ["name"]

            def get_name(self, order):
                return order.customer.name

        class Orders(viewsets.ModelViewSet):
            queryset = Order.objects.all()
            serializer_class = OrderSerializer
        """,
        """
        from rest_framework.test import APIRequestFactory
        from shop.view_set import Orders

        def test(orders):
            request = APIRequestFactory().get("/")
            assert len(Orders.as_view({"get": "list"})(request).data) == 3
        """,
        ["n-plus-one Orders"],
    ),
    "view_serializer": (
        """
        from rest_framework import serializers
        from shop.models import Customer, Order

        class OrderSerializer(serializers.ModelSerializer):
            number = serializers.SerializerMethodField()

            class Meta:
                model = Order
                fields = ["number"]

            def get_number(self, order):
                return Order.objects.filter(number=order.number).count()

        class CustomerSerializer(serializers.ModelSerializer):
            orders = OrderSerializer(source="order_set", many=True)

            class Meta:
                model = Customer
                fields = ["orders"]
        """,
        """
        from shop.models import Customer, Order
        from shop.view_serializer import CustomerSerializer

        def test(orders):
            customer = Customer.objects.first()
            Order.objects.update(customer=customer)
            assert len(CustomerSerializer(customer).data["orders"]) == 3
        """,
        ["query-in-loop CustomerSerializer"],
    ),
    "sends_fake_requests": (
        """
        from django.test import RequestFactory
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        from shop import sends_fake_requests

        def test(orders):
            assert len(sends_fake_requests.names()) == 3
        """,
        ["n-plus-one names"],
    ),
}
