"""``QueryScopeMixin``, in cases that unittest runs."""

from __future__ import annotations

import unittest

import pytest
from django.db import connection
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from queryscope.testing import QueryScopeMixin
from tests.serving import connections_of_threads  # noqa: F401  (a fixture)
from tests.testapp import loops
from tests.testapp.library import build
from tests.testapp.models import Author, Book


def ask(times: int = 1) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute("SELECT 1")


# pytest runs these as they are.


class MixedIn(QueryScopeMixin, TestCase):
    max_queries = 6

    @classmethod
    def setUpTestData(cls) -> None:
        build()

    def setUp(self) -> None:
        ask(10)

    def tearDown(self) -> None:
        ask(10)

    def test_what_is_set_up_does_not_count(self) -> None:
        list(loops.forward_fk(Book.objects.all()))

    async def test_an_asynchronous_test(self) -> None:
        assert [book.title async for book in Book.objects.all()]

    def test_the_assertions_pass(self) -> None:
        with self.assertMaxQueries(1) as recording, self.assertNoNPlusOne():
            list(loops.forward_fk(Book.objects.select_related("author")))
        assert recording.queries == 1
        with self.assertNoNPlusOne(allow=["testapp.Book.genres"]), self.assertNumQueries(5):
            list(loops.m2m(Book.objects.all()[:4]))

    @unittest.expectedFailure
    def test_an_expected_failure(self) -> None:
        ask(7)

    @unittest.skip("never runs")
    def test_skipped(self) -> None:
        ask(7)


class Unlimited(QueryScopeMixin, TestCase):
    def test_any_number(self) -> None:
        ask(100)


# Of what fails, the failures are looked at.


def failures_of(case: type[unittest.TestCase]) -> dict[str, str]:
    """The last part of each failure by the name of its test; runs all tests of the case."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert result.errors == []
    return {test.id().rpartition(".")[2]: told for test, told in result.failures}


def asking(base: type[unittest.TestCase]) -> type[unittest.TestCase]:
    class Asking(QueryScopeMixin, base):
        max_queries = 2
        databases = {"default"}

        def setUp(self) -> None:
            ask(10)
            self.addCleanup(ask, 10)

        def test_within(self) -> None:
            ask(2)

        def test_over(self) -> None:
            ask(3)

        def test_in_parts(self) -> None:
            for number in range(3):
                with self.subTest(number=number):
                    ask(1)

    return Asking


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("base", [unittest.TestCase, SimpleTestCase, TransactionTestCase, TestCase])
def test_a_method_over_max_queries_fails(base):
    failures = failures_of(asking(base))
    assert sorted(failures) == ["test_in_parts", "test_over"]
    assert all(
        "AssertionError: 3 queries, the budget is 2:\n     3 x  SELECT ?" in told
        for told in failures.values()
    )


@pytest.mark.django_db(transaction=True)
def test_debug_raises_over_max_queries():
    case = asking(unittest.TestCase)
    case("test_within").debug()
    with pytest.raises(AssertionError, match=r"3 queries, the budget is 2"):
        case("test_over").debug()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("base", [unittest.IsolatedAsyncioTestCase, TransactionTestCase])
def test_an_asynchronous_method_over_max_queries_fails(base):
    class Asking(QueryScopeMixin, base):
        max_queries = 1

        async def test_within(self) -> None:
            await Author.objects.acount()

        async def test_over(self) -> None:
            await Author.objects.acount()
            await Author.objects.acount()

    failures = failures_of(Asking)
    assert list(failures) == ["test_over"]
    assert "AssertionError: 2 queries, the budget is 1:" in failures["test_over"]


@pytest.mark.django_db(transaction=True)
def test_a_test_is_as_it_was_after_it_ran():
    test = asking(TransactionTestCase)("test_over")
    before = dict(vars(test))
    test.run(unittest.TestResult())
    assert vars(test).keys() - before.keys() <= {"_outcome", "_subtest"}


@pytest.mark.django_db(transaction=True)
def test_the_assertions_fail_the_test():
    class Failing(QueryScopeMixin, TestCase):
        @classmethod
        def setUpTestData(cls) -> None:
            build()

        def test_max_queries(self) -> None:
            with self.assertMaxQueries(5):
                list(loops.forward_fk(Book.objects.all()))

        def test_distinct(self) -> None:
            with self.assertMaxQueries(distinct=1):
                list(loops.forward_fk(Book.objects.all()))

        def test_n_plus_one(self) -> None:
            with self.assertNoNPlusOne(allow=["testapp.Book.genres"]):
                list(loops.forward_fk(Book.objects.all()))

        def test_neither(self) -> None:
            with self.assertMaxQueries(6, distinct=2, database_ms=600_000):
                list(loops.forward_fk(Book.objects.all()))

    failures = failures_of(Failing)
    assert "AssertionError: 6 queries, the budget is 5:" in failures.pop("test_max_queries")
    assert "AssertionError: 2 distinct queries, the budget is 1:" in failures.pop("test_distinct")
    told = failures.pop("test_n_plus_one")
    assert "Book.author is loaded for each Book row" in told
    assert "checked.py" not in told
    assert failures == {}


@pytest.mark.parametrize(
    ("limit", "error"), [(-1, ValueError), (True, TypeError), ("10", TypeError)], ids=str
)
def test_a_max_queries_that_is_no_limit_is_refused(limit, error):
    with pytest.raises(error, match="must be"):
        type("Case", (QueryScopeMixin, TestCase), {"max_queries": limit})
