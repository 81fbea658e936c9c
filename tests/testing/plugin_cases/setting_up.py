"""Set-up, factories and signals."""

from __future__ import annotations

CASES = {
    "setup_fixture": (
        """
        from shop.models import Order

        def touch():
            for order in Order.objects.all():
                order.customer.name
                order.save()
        """,
        """
        import pytest
        from shop import setup_fixture

        @pytest.fixture
        def touched(orders):
            setup_fixture.touch()
            yield
            setup_fixture.touch()

        def test(touched):
            pass
        """,
        [],
    ),
    "setup_testcase": (
        """
        from shop.models import Order

        def touch():
            for order in Order.objects.all():
                order.customer.name
                order.save()
        """,
        """
        from django.test import TestCase, TransactionTestCase
        from shop.setup_testcase import touch
        from tests.conftest import make_orders

        class Tests(TestCase):
            @classmethod
            def setUpClass(cls):
                super().setUpClass()
                make_orders(3)
                touch()

            @classmethod
            def setUpTestData(cls):
                make_orders(3)
                touch()

            def setUp(self):
                touch()
                self.addCleanup(touch)

            def tearDown(self):
                touch()

            def test(self):
                pass

        class Others(TransactionTestCase):
            def setUp(self):
                make_orders(3)
                touch()

            def test(self):
                pass
        """,
        [],
    ),
    "setup_async_testcase": (
        """
        from asgiref.sync import sync_to_async
        from shop.models import Order

        async def touch():
            async for order in Order.objects.all():
                await order.asave()
        """,
        """
        import unittest
        from django.test import TestCase
        from shop.setup_async_testcase import touch
        from tests.conftest import make_orders

        class Tests(TestCase):
            def setUp(self):
                make_orders(3)

            async def test(self):
                pass

        class Isolated(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.ready = True

            async def test(self):
                self.assertTrue(self.ready)
        """,
        [],
    ),
    "signals": (
        """
        from django.db.models.signals import post_save, pre_delete
        from django.dispatch import receiver
        from shop.models import Order, Parcel

        @receiver([post_save, pre_delete], sender=Parcel)
        def count_orders(**kwargs):
            Order.objects.count()
            Order.objects.filter(number=kwargs["instance"].number).first()
        """,
        """
        import factory
        from django.db import transaction
        from shop import signals
        from shop.models import Parcel

        class ParcelFactory(factory.django.DjangoModelFactory):
            number = factory.Sequence(lambda n: n)

            class Meta:
                model = Parcel

        def test(db, django_capture_on_commit_callbacks):
            ParcelFactory.create_batch(4)
            for number in range(4):
                Parcel.objects.create(number=number)
            with django_capture_on_commit_callbacks(execute=True):
                for parcel in Parcel.objects.all():
                    transaction.on_commit(lambda: signals.count_orders(instance=parcel))
            Parcel.objects.all().delete()
        """,
        [],
    ),
    "factories": (
        """
        import factory
        from shop.models import Customer, Order

        class CustomerFactory(factory.django.DjangoModelFactory):
            class Meta:
                model = Customer

        def make(count):
            for _ in range(count):
                Order.objects.create(customer=CustomerFactory())
        """,
        """
        from shop.factories import make

        def test(db):
            make(4)
        """,
        [],
    ),
    "application_making_rows": (
        """
        from shop.models import Customer, Order

        def import_all(names):
            for name in names:
                Order.objects.create(customer=Customer.objects.create(name=name))
        """,
        """
        from shop.application_making_rows import import_all

        def test(db):
            import_all(["a", "b", "c"])
        """,
        ["write-in-loop import_all"],
    ),
    "factory_with_signal": (
        """
        from django.db.models.signals import post_save
        from django.dispatch import receiver
        from shop.models import Order, Parcel

        @receiver(post_save, sender=Parcel)
        def count(**kwargs):
            for order in Order.objects.all():
                order.customer.name
        """,
        """
        import factory
        from shop import factory_with_signal
        from shop.models import Parcel

        class ParcelFactory(factory.django.DjangoModelFactory):
            class Meta:
                model = Parcel

        def test(orders):
            ParcelFactory()
            ParcelFactory.create_batch(2)
        """,
        [],
    ),
    "fixture_asked_for": (
        """
        from shop.models import Order

        def names():
            return [order.customer.name for order in Order.objects.all()]
        """,
        """
        import pytest
        from shop import fixture_asked_for

        @pytest.fixture
        def named(orders):
            return fixture_asked_for.names()

        def test(request):
            assert len(request.getfixturevalue("named")) == 3
        """,
        [],
    ),
    "testutils": (
        """
        from shop.models import Customer, Order

        def make(count):
            for _ in range(count):
                Order.objects.create(customer=Customer.objects.create())
        """,
        """
        from shop.testutils import make

        def test(db):
            make(4)
        """,
        [],
    ),
    "rows_by_pytest": (
        """
        import pytest
        from shop.models import Customer

        def make(count):
            for _ in range(count):
                Customer.objects.create()
        """,
        """
        from shop.rows_by_pytest import make

        def test(db):
            make(4)
        """,
        [],
    ),
    "cases": (
        """
        from django.test import TestCase
        from shop.models import Customer

        def make(count):
            for _ in range(count):
                Customer.objects.create()

        class RowsCase(TestCase):
            pass
        """,
        """
        from shop.cases import make

        def test(db):
            make(4)
        """,
        [],
    ),
}
