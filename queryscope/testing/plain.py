"""What the application does for a test outside of requests: one recording for each call of it.

A test calls the application several times, in a loop too; a repetition means something only within
one such call. The frame of a call tells it from the next one, so it is kept until that comes.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from ..recording import Counting, Recording, everywhere
from ..roles import BOUNDARY, FILES, classify
from .aside import Aside
from .test_code import TestCode

#: Calls that may be under way at once: coroutines and generators.
_MOST_CALLS = 8
_SUSPENDED = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


class _Nowhere:
    """Where a query counts that others record, or that is nobody's."""

    def add(self, *query: Any) -> None:
        """Count nothing."""


_NOWHERE: Final = _Nowhere()


@dataclass(slots=True)
class _Call:
    """A call that is under way; ``reached`` tells that it has come to the application."""

    frame: FrameType
    recording: Recording
    reached: bool = False


class PlainWork:
    """Sorts the queries of a test; ``keep`` is handed each recording when it is closed.

    ``elsewhere`` tells that the running query belongs to a request, which has its own recording.
    """

    def __init__(
        self,
        code: TestCode,
        elsewhere: Callable[[], bool],
        keep: Callable[[Recording, bool], None],
    ) -> None:
        self._code = code
        self._elsewhere = elsewhere
        self._keep = keep
        self._lock = threading.RLock()
        self.aside = Aside()
        self._open = False
        self._own: Recording | None = None
        self._calls: dict[int, _Call] = {}
        #: Files of tests in which the place of a query is not looked for, just now.
        self._ends: set[str] = set()

    @contextmanager
    def of(self, test: str, *, whole: bool = False) -> Iterator[None]:
        """A test's own function runs. ``whole`` counts what it asks itself, as one call."""
        self._open, self._own = True, Recording(test) if whole else None
        self.aside.forget()
        try:
            with everywhere(self):
                yield
        finally:
            with self._lock:
                self._open = False
                while self._ends:
                    classify(self._ends.pop())
                for slot in list(self._calls):
                    self._close(slot)
                if self._own is not None:
                    own, self._own = self._own, None
                    own.close()
                    self._keep(own, False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What runs inside is set-up."""
        before, self._open = self._open, False
        try:
            yield
        finally:
            self._open = before

    @property
    def ledger(self) -> Counting:
        """Where the running query counts; asked by the hook, whose caller it looks at."""
        if not self._open or self._elsewhere():
            return _NOWHERE
        query = sys._getframe(1)
        around = self._code.around(query)
        if around.test is None:
            return _NOWHERE
        self._end_at(around.test, around.call)
        if self._own is not None:
            return self._own.ledger
        if around.call is not None:
            return self._recording(around.call, query, around.reached).ledger
        self.aside.note(query, around.test)
        return _NOWHERE

    def _end_at(self, test: FrameType, call: FrameType | None) -> None:
        """A library that the test calls is the server to a view: what calls it is no cause.

        The application's own functions may have been given rows, so there the test is looked at.
        """
        file = test.f_code.co_filename
        if self._own is None and call is not None and not self._code.owns(call):
            FILES[file] = {test.f_code.co_qualname: BOUNDARY}
            self._ends.add(file)
        elif file in self._ends:
            self._ends.remove(file)
            classify(file)

    def _recording(self, frame: FrameType, query: FrameType, reached: bool) -> Recording:
        suspended = frame.f_code.co_flags & _SUSPENDED
        slot = id(frame) if suspended else threading.get_ident()
        with self._lock:
            call = self._calls.get(slot)
            if call is None or call.frame is not frame:
                if call is not None:
                    self._close(slot)
                elif len(self._calls) >= _MOST_CALLS:
                    self._close(next(iter(self._calls)))
                call = self._calls[slot] = _Call(frame, Recording())
            call.reached = call.reached or reached
            if not call.recording.name:
                call.recording.name = self._code.name_of(frame, query) or ""
            return call.recording

    def _close(self, slot: int) -> None:
        call = self._calls.pop(slot)
        call.recording.close()
        if call.reached:
            call.recording.name = call.recording.name or call.frame.f_code.co_qualname
            self._keep(call.recording, True)
