"""Calls of a function noted as effects of the requests whose context they are made in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from ...recording import report_once
from ..patching import Function, Patch
from .noted import Effects

#: Whose effects the current context's calls are.
watching: ContextVar[tuple[Effects, ...]] = ContextVar("queryscope_watching_effects", default=())
#: Kinds of the calls that the current one is made by.
_within: ContextVar[frozenset[str]] = ContextVar("queryscope_within_effects", default=frozenset())


@dataclass(frozen=True, slots=True)
class Call:
    """``args`` begin with the object whose method it is; ``result`` is None before the call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None

    def argument(self, position: int, name: str) -> Any:
        """The argument, None where it was not given."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name)


@dataclass(frozen=True, slots=True)
class Tap:
    """Calls of ``owner.name`` told to ``tell``: when they return, or with ``before`` in any case.

    A call that is made by another of the same ``kind`` is not told.
    """

    owner: Any
    name: str
    kind: str
    tell: Callable[[Effects, Call], None]
    before: bool = False

    @property
    def patch(self) -> Patch:
        return Patch(self.owner, self.name, self._around)

    def _around(self, function: Function) -> Function:
        if iscoroutinefunction(function):
            return self._around_async(function)

        @wraps(function)
        def noted(*args: Any, **kwargs: Any) -> Any:
            if not watching.get() or self.kind in _within.get():
                return function(*args, **kwargs)
            self._before(args, kwargs)
            with _inside(self.kind):
                result = function(*args, **kwargs)
            self._after(args, kwargs, result)
            return result

        return noted

    def _around_async(self, function: Function) -> Function:
        @wraps(function)
        async def noted(*args: Any, **kwargs: Any) -> Any:
            if not watching.get() or self.kind in _within.get():
                return await function(*args, **kwargs)
            self._before(args, kwargs)
            with _inside(self.kind):
                result = await function(*args, **kwargs)
            self._after(args, kwargs, result)
            return result

        return noted

    def _before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self.before:
            self._tell(Call(args, kwargs))

    def _after(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if not self.before:
            self._tell(Call(args, kwargs, result))

    def _tell(self, call: Call) -> None:
        for effects in watching.get():
            try:
                self.tell(effects, call)
            except Exception as error:  # the application must not notice
                report_once(error)


@contextmanager
def _inside(kind: str) -> Iterator[None]:
    before = _within.get()
    _within.set(before | {kind})
    try:
        yield
    finally:
        _within.set(before)
