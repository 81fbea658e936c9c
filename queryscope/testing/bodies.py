"""The test methods of unittest, told from the set-up around them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import TestCase, TestResult

from .methods import Scope, method_inside


@contextmanager
def around_test_methods(scope: Scope) -> Iterator[None]:
    """Whatever unittest runs has its test method run in ``scope``; ``setUp()`` and the like do not.

    It holds for Django's test cases, for asynchronous ones and for those that pytest runs.
    """
    run = TestCase.run

    @functools.wraps(run)
    def run_inside(self: TestCase, result: TestResult | None = None) -> TestResult | None:
        with method_inside(self, scope):
            return run(self, result)

    TestCase.run = run_inside  # type: ignore[method-assign]
    try:
        yield
    finally:
        TestCase.run = run  # type: ignore[method-assign]
