"""The code of tests, and what only they repeat."""

from __future__ import annotations

CASES = {
    "called_in_a_loop": (
        """
        from shop.models import Order

        def one(key):
            return Order.objects.get(pk=key)

        def rename(order):
            order.customer.name = "x"
            order.customer.save()
        """,
        """
        from shop.called_in_a_loop import one, rename
        from shop.models import Order

        def test(orders):
            for order in Order.objects.all():
                assert one(order.pk).customer_name == ""
                assert one(order.pk).customer_name == ""
                rename(order)
        """,
        [],
    ),
    "test_own_loop": (
        "",
        """
        from shop.models import Order

        def test(orders):
            for order in Order.objects.all():
                order.customer.name
                Order.objects.get(pk=order.pk)
                order.save()
        """,
        [],
    ),
    "helper_of_tests": (
        "",
        """
        from shop.models import Order
        from tests.helpers import names

        def test(orders):
            assert names() == ["", "", ""]
        """,
        [],
    ),
    "given_rows": (
        """
        def names(orders):
            return [order.customer.name for order in orders]
        """,
        """
        from shop.given_rows import names
        from shop.models import Order

        def test(orders):
            assert names(list(Order.objects.all())) == ["", "", ""]
        """,
        [],
    ),
    "given_queryset": (
        """
        def names(orders):
            return [order.customer.name for order in orders]
        """,
        """
        from shop.given_queryset import names
        from shop.models import Order

        def test(orders):
            every = Order.objects.all()
            assert names(every) == ["", "", ""]
            assert names(Order.objects.all()) == ["", "", ""]
        """,
        [],
    ),
    "marked": (
        "",
        """
        import pytest
        from shop.models import Order

        @pytest.mark.queryscope
        def test(orders):
            for order in Order.objects.all():
                order.customer.name
        """,
        ["n-plus-one tests/test_marked.py::test"],
    ),
    "allowed": (
        """
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        import pytest
        from shop import allowed

        @pytest.mark.queryscope(allow=["n-plus-one"])
        def test(orders):
            allowed.names()
        """,
        [],
    ),
    "allowed_by_one_only": (
        """
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        import pytest
        from shop import allowed_by_one_only

        @pytest.mark.queryscope(allow=["n-plus-one"])
        def test_allowing(orders):
            allowed_by_one_only.names()

        def test_not(orders):
            allowed_by_one_only.names()
        """,
        ["n-plus-one names"],
    ),
}
