"""A block, or a test function, whose queries are judged when it ends."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar, cast

from ..recording import Recording, record
from .methods import inside

#: unittest leaves frames of such modules out of a failure's traceback.
__unittest = True

F = TypeVar("F", bound=Callable[..., Any])


class Checked:
    """Records a block and raises AssertionError with what ``judge`` says of it, if anything.

    For ``with``, ``async with``, and as a decorator of functions and coroutine functions. What the
    block itself raises passes as it is.
    """

    def __init__(self, judge: Callable[[Recording], str], name: str = "this block") -> None:
        self._judge = judge
        self._name = name
        self._open: tuple[AbstractContextManager[Recording], Recording] | None = None

    def __enter__(self) -> Recording:
        """Raises RuntimeError inside a block of its own: two blocks need two of them."""
        if self._open is not None:
            raise RuntimeError("it watches a block already; make another one for this block")
        scope = record(self._name)
        recording = scope.__enter__()
        self._open = scope, recording
        return recording

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True  # pytest then shows the block, not this
        assert self._open is not None, "a block ends that did not begin"
        scope, recording = self._open
        self._open = None
        scope.__exit__(None, None, None)
        if kind is None and (message := self._judge(recording)):
            raise AssertionError(message)

    async def __aenter__(self) -> Recording:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.__exit__(kind, error, traceback)

    def __call__(self, function: F) -> F:
        """The function, judged each time it is called. Raises TypeError for what would only be
        begun by a call: classes and generators.
        """
        if inspect.isclass(function):
            raise TypeError(f"decorate test functions, not the class {function.__name__}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"decorate test functions, not the generator {function.__name__}")
        name = getattr(function, "__qualname__", "this call")
        return cast(F, inside(function, lambda: Checked(self._judge, name)))
