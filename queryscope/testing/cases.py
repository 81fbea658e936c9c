"""Assertions about queries for ``unittest`` and Django's test cases."""

from __future__ import annotations

import unittest
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from .budgets import budget
from .checked import Checked
from .methods import method_inside
from .n_plus_one import assert_no_n_plus_one

if TYPE_CHECKING:
    _Base = unittest.TestCase
else:
    _Base = object


class QueryScopeMixin(_Base):
    """List it before the test case: ``class ProjectTests(QueryScopeMixin, TestCase)``.

    ``max_queries`` is the most that each test method may ask, on all databases together. What
    ``setUp()``, ``setUpTestData()`` and ``tearDown()`` ask does not count.
    """

    max_queries: int | None = None

    def assertMaxQueries(
        self,
        num: int | None = None,
        *,
        distinct: int | None = None,
        database_ms: float | None = None,
    ) -> Checked:
        """``with self.assertMaxQueries(10):`` see :func:`.budget`.

        Beside ``assertNumQueries()`` it counts all databases, and no transaction control.
        """
        return budget(num, distinct=distinct, database_ms=database_ms)

    def assertNoNPlusOne(self, allow: Sequence[str] = ()) -> Checked:
        """``with self.assertNoNPlusOne():``, see :func:`.assert_no_n_plus_one`."""
        return assert_no_n_plus_one(allow=allow)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Raises TypeError or ValueError for a ``max_queries`` that is no limit."""
        super().__init_subclass__(**kwargs)
        if cls.max_queries is not None:
            budget(cls.max_queries)

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test, its method under ``max_queries``."""
        with self._limited():
            return super().run(result)

    def debug(self) -> None:
        """Run the test without collecting errors, its method under ``max_queries``."""
        with self._limited():
            super().debug()

    def _limited(self) -> AbstractContextManager[None]:
        if self.max_queries is None:
            return nullcontext()
        return method_inside(self, partial(budget, self.max_queries))
