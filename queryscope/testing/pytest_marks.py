"""``@pytest.mark.queryscope(max_queries=10, allow=["n-plus-one"])``: what a test says of itself."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from ..core.names import nearest

_ARGUMENTS = ("max_queries", "allow")
_COUNTED = "@pytest.mark.queryscope(max_queries=...) counts the test's requests, not its set-up"


@dataclass(frozen=True, slots=True)
class Mark:
    """All marks of a test together: the nearest limit, and what any of them allows."""

    max_queries: int | None = None
    allow: frozenset[str] = frozenset()


def mark_of(item: pytest.Item) -> Mark | None:
    """None for a test without. Raises UsageError for a mark that says nothing known."""
    marks = list(item.iter_markers("queryscope"))
    if not marks:
        return None
    for mark in marks:
        if problem := _problem(mark):
            raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.queryscope: {problem}")
    limits = (mark.kwargs.get("max_queries") for mark in marks)
    return Mark(
        max_queries=next((limit for limit in limits if limit is not None), None),
        allow=frozenset(name for mark in marks for name in mark.kwargs.get("allow", ())),
    )


def _problem(mark: pytest.Mark) -> str:
    if mark.args:
        return f"give max_queries= and allow= by name, not {mark.args[0]!r}"
    for name in mark.kwargs:
        if name not in _ARGUMENTS:
            return f"it takes no {name}{nearest(name, _ARGUMENTS)}"
    limit = mark.kwargs.get("max_queries")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        return f"max_queries must be a whole number from 0 on, not {limit!r}"
    allow = mark.kwargs.get("allow", ())
    if isinstance(allow, str) or not isinstance(allow, Collection):
        return f"allow must be a list of detectors, not {allow!r}"
    if not allow:
        return ""
    from ..core.detectors import NAMES

    for name in allow:
        if name not in NAMES:
            return f"allow names no detector {name!r}{nearest(str(name), NAMES)}"
    return ""


class Marks:
    """Holds tests to their marks; registered where there are some."""

    def __init__(self, items: Iterable[pytest.Item]) -> None:
        self._marks = {item.nodeid: mark_of(item) for item in items}

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
        with self._limit(pyfuncitem):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        from .bodies import around_test_methods

        mark = self._marks.get(item.nodeid)
        if mark is None or mark.max_queries is None:
            return (yield)
        with around_test_methods(lambda: self._limit(item)):
            return (yield)

    def _limit(self, item: pytest.Item) -> AbstractContextManager[None]:
        mark = self._marks.get(item.nodeid)
        if mark is None or mark.max_queries is None:
            return nullcontext()
        return _limited(mark.max_queries)


@contextmanager
def _limited(max_queries: int) -> Iterator[None]:
    """All queries of the process count: those of a live server's threads are the test's, too."""
    from ..core.budgets import Budget
    from ..recording import Recording, everywhere
    from .budgets import over

    recording = Recording("the test")
    try:
        with everywhere(recording):
            yield
    finally:
        recording.close()
    if message := over(recording, Budget(queries=max_queries)):
        # Neither this nor what called it helps: the message has the places.
        pytest.fail(f"{message}\n({_COUNTED})", pytrace=False)
