"""Puts something around functions: around a test's own method, and nothing else of the test."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction

#: unittest leaves frames of such modules out of a failure's traceback.
__unittest = True

Method = Callable[..., Any]
Scope = Callable[[], AbstractContextManager[Any]]
_MISSING = object()


def inside(method: Method, scope: Scope) -> Method:
    """The function, or coroutine function, each call of it inside a scope of its own."""
    if iscoroutinefunction(method):

        @functools.wraps(method)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            with scope():
                return await method(*args, **kwargs)

        return call_async

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with scope():
            return method(*args, **kwargs)

    return call


@contextmanager
def method_inside(test: unittest.TestCase, scope: Scope) -> Iterator[None]:
    """The test's method is called inside a scope while this block lasts.

    unittest and Django look the method up by its name, and call ``setUp()``, ``tearDown()`` and
    cleanups apart from it.
    """
    name: str = test._testMethodName
    # Django and pytest put one there as well.
    before = vars(test).get(name, _MISSING)
    setattr(test, name, inside(getattr(test, name), scope))
    try:
        yield
    finally:
        if before is _MISSING:
            delattr(test, name)
        else:
            setattr(test, name, before)
