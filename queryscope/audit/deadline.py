"""Ends a request that takes too long, where the system can: the audit goes on with the next one."""

from __future__ import annotations

import asyncio
import functools
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar

R = TypeVar("R")

#: Code that catches everything is interrupted again after so long.
AGAIN_S = 5.0


class NoAnswer(KeyboardInterrupt):
    """Raised in the midst of a view, and let through by whatever lets Ctrl-C through.

    A driver that waits for its server takes it for Ctrl-C, too: psycopg cancels the statement.
    """


class Deadline:
    """Raises NoAnswer inside its ``with`` block after ``seconds``; 0 is no limit.

    Signals reach the main thread of a Unix process only: elsewhere there is no limit. ``expired``
    tells that the time was up, whatever became of the exception.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self._armed = False
        self._task: asyncio.Task[Any] | None = None

    def __enter__(self) -> Deadline:
        main = threading.current_thread() is threading.main_thread()
        if self.seconds and main and hasattr(signal, "setitimer"):
            self._handler = signal.signal(signal.SIGALRM, self._ring)
            self._started = time.monotonic()
            again = min(self.seconds, AGAIN_S)
            self._timer = signal.setitimer(signal.ITIMER_REAL, self.seconds, again)
            self._armed = True
        return self

    def __exit__(self, *error: object) -> None:
        if not self._armed:
            return
        # First: an alarm may have rung already and wait to be handled.
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler or signal.SIG_DFL)
        left, interval = self._timer
        if left:
            left = max(left - (time.monotonic() - self._started), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, interval)

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        if not self._armed:
            return
        self.expired = True
        task, self._task = self._task, None
        if task is None:
            raise NoAnswer
        # It runs in a thread of its own, which would outlive an exception here.
        task.get_loop().call_soon_threadsafe(task.cancel)

    def cancels(self, function: Callable[..., Coroutine[Any, Any, R]]) -> Callable[..., Any]:
        """The async function, cancelled when the time is up."""

        @functools.wraps(function)
        async def cancelled(*args: Any, **kwargs: Any) -> R:
            self._task = asyncio.current_task()
            try:
                return await function(*args, **kwargs)
            finally:
                self._task = None

        return cancelled
