"""Requests that tests make."""

from __future__ import annotations

CASES = {
    "views_client": (
        """
        from django.http import HttpResponse
        from shop.models import Order

        def page(request):
            return HttpResponse(", ".join(o.customer.name for o in Order.objects.all()))
        """,
        """
        def test(client, orders):
            assert client.get("/views_client/").status_code == 200
        """,
        ["n-plus-one GET /views_client/"],
    ),
    "views_in_waiting": (
        """
        from django.http import HttpResponse
        from shop.models import Order

        def page(request):
            return HttpResponse(", ".join(o.customer.name for o in Order.objects.all()))
        """,
        """
        def test(client, one_order):
            assert client.get("/views_in_waiting/").status_code == 200
        """,
        ["n-plus-one GET /views_in_waiting/"],
    ),
    "views_fixed": (
        """
        from django.http import HttpResponse
        from shop.models import Order

        def page(request):
            orders = Order.objects.select_related("customer")
            return HttpResponse(", ".join(o.customer.name for o in orders))
        """,
        """
        def test(client, orders):
            for _ in range(3):
                assert client.get("/views_fixed/").status_code == 200
        """,
        [],
    ),
    "views_streaming": (
        """
        from django.http import StreamingHttpResponse
        from shop.models import Order

        def page(request):
            return StreamingHttpResponse(f"{o.customer.name}," for o in Order.objects.all())
        """,
        """
        def test(client, orders):
            assert b"".join(client.get("/views_streaming/").streaming_content) == b",,,"
        """,
        ["n-plus-one GET /views_streaming/"],
    ),
    "views_async": (
        """
        from django.http import HttpResponse
        from shop.models import Order

        async def page(request):
            names = []
            async for order in Order.objects.all():
                names.append((await Order.objects.select_related("customer").aget(pk=order.pk)).pk)
            return HttpResponse(str(names))
        """,
        """
        import pytest

        @pytest.mark.django_db(transaction=True)
        async def test(async_client):
            from tests.conftest import make_orders
            from asgiref.sync import sync_to_async
            await sync_to_async(make_orders)(3)
            assert (await async_client.get("/views_async/")).status_code == 200
        """,
        ["query-in-loop GET /views_async/"],
    ),
    "views_rest": (
        """
        from rest_framework import serializers, viewsets
        from shop.models import Order

        class OrderSerializer(serializers.ModelSerializer):
            name = serializers.CharField(source="customer.name")

            class Meta:
                model = Order
                fields = ["name"]

        class Orders(viewsets.ModelViewSet):
            queryset = Order.objects.all()
            serializer_class = OrderSerializer

        page = Orders.as_view({"get": "list"})
        """,
        """
        from rest_framework.test import APIClient

        def test(orders):
            assert len(APIClient().get("/views_rest/").json()) == 3
        """,
        ["n-plus-one GET /views_rest/"],
    ),
    "views_live": (
        """
        from django.http import HttpResponse
        from shop.models import Order

        def page(request):
            return HttpResponse(", ".join(o.customer.name for o in Order.objects.all()))
        """,
        """
        from urllib.request import urlopen
        from tests.conftest import make_orders

        def test(live_server):
            make_orders(3)
            assert urlopen(live_server.url + "/views_live/").status == 200
        """,
        ["n-plus-one GET /views_live/"],
    ),
    "views_over_budget": (
        """
        from django.http import HttpResponse
        from shop.models import Customer, Order, Parcel

        def page(request):
            return HttpResponse(f"{Customer.objects.count()}{Order.objects.count()}")
        """,
        """
        def test(client, orders):
            assert client.get("/views_over_budget/").status_code == 200
        """,
        ["query-budget GET /views_over_budget/"],
    ),
    "service_without_budget": (
        """
        from shop.models import Customer, Order, Parcel

        def count():
            found = [Customer.objects.first(), Order.objects.first(), Parcel.objects.first()]
            found += [Customer.objects.last(), Order.objects.last(), Parcel.objects.last()]
            return len(found)
        """,
        """
        from shop.service_without_budget import count

        def test(orders):
            assert count() == 6
        """,
        [],
    ),
    "views_in_fixture": (
        """
        from django.http import HttpResponse
        from shop.models import Order

        def page(request):
            return HttpResponse(", ".join(o.customer.name for o in Order.objects.all()))
        """,
        """
        import pytest

        @pytest.fixture
        def shown(client, orders):
            return client.get("/views_in_fixture/")

        def test(shown):
            assert shown.status_code == 200
        """,
        ["n-plus-one GET /views_in_fixture/"],
    ),
}
