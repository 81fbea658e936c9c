"""Work that a request must not wait for: one thread, a short queue, a budget of seconds.

The thread starts with the first job, opens connections of its own and closes them after each job.
A process that forks gets a fresh one when it needs it; it ends with the process.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.core.cache import caches
from django.db import connections

from .core.explained import Explained, Key, key
from .core.workload import WorkloadQuery
from .recording import report_once

Job = Callable[[], None]

#: Jobs that wait; further ones are refused.
MAX_WAITING = 10
_MINUTE_S = 60.0
#: Plans remembered, over all endpoints of a process.
_MOST_PLANS = 500


class Worker:
    """Runs jobs one after the other on a daemon thread."""

    def __init__(self, size: int = MAX_WAITING) -> None:
        self._size = size
        self.reset()

    def reset(self) -> None:
        """Forget the thread and what waits for it."""
        self._lock = threading.Lock()
        self._jobs: queue.Queue[Job] = queue.Queue(self._size)
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> bool:
        """Have it run soon; False when too many wait already."""
        with self._lock:
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                return False
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=_work, args=(self._jobs,), name="queryscope", daemon=True
                )
                self._thread.start()
        return True

    def join(self) -> None:
        """Wait until nothing waits: for tests."""
        self._jobs.join()


def _work(jobs: queue.Queue[Job]) -> None:
    while True:
        job = jobs.get()
        try:
            job()
        except Exception as error:  # the edge of the thread: the next job may do better
            report_once(error)
        finally:
            _close_connections()
            jobs.task_done()
            del job


def _close_connections() -> None:
    try:
        connections.close_all()
        caches.close_all()
    except Exception as error:  # whatever a driver says of a connection that is gone
        report_once(error)


class Budget:
    """Seconds of the database that may be spent in any minute."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def left_s(self, seconds_per_minute: float) -> float:
        now = time.monotonic()
        with self._lock:
            while self._spent and self._spent[0][0] <= now - _MINUTE_S:
                self._spent.popleft()
            return seconds_per_minute - sum(seconds for _, seconds in self._spent)

    @contextmanager
    def spending(self) -> Iterator[float]:
        """Counts the time of the block; gives its beginning, on the monotonic clock."""
        began = time.monotonic()
        try:
            yield began
        finally:
            now = time.monotonic()
            with self._lock:
                self._spent.append((now, now - began))


class Plans:
    """Plans that the worker asked for: each query's at most once in an interval."""

    def __init__(self, size: int = _MOST_PLANS) -> None:
        self._size = size
        self.reset()

    def reset(self) -> None:
        """Forget them, and what they cost."""
        self._known: OrderedDict[Key, tuple[float, Explained]] = OrderedDict()
        self._budget = Budget()
        self._lock = threading.Lock()

    def known(self, queries: Iterable[WorkloadQuery], interval_s: float) -> dict[Key, Explained]:
        """Those that were asked for within the interval."""
        since = time.monotonic() - interval_s
        with self._lock:
            found = {name: self._known.get(name) for name in map(key, queries)}
        return {name: entry[1] for name, entry in found.items() if entry and entry[0] > since}

    def may_ask(self, seconds_per_minute: float) -> bool:
        return self._budget.left_s(seconds_per_minute) > 0

    def ask(self, queries: Iterable[WorkloadQuery], seconds_per_minute: float) -> None:
        """Ask for their plans within the budget; what is left out may be asked for again."""
        from .explaining import TIMEOUT_MS, explained

        left_s = self._budget.left_s(seconds_per_minute)
        with self._budget.spending() as began:

            def allowance() -> int:
                return min(TIMEOUT_MS, int(1_000 * (left_s - (time.monotonic() - began))))

            found = explained(queries, allowance)
        now = time.monotonic()
        with self._lock:
            for name, one in found.items():
                # The values of the application have served their purpose.
                self._known[name] = now, replace(one, query=replace(one.query, samples=()))
                self._known.move_to_end(name)
            while len(self._known) > self._size:
                self._known.popitem(last=False)


worker = Worker()
plans = Plans()
if hasattr(os, "register_at_fork"):
    # The child has no such thread, and nobody would let go of a lock that another thread held.
    os.register_at_fork(after_in_child=worker.reset)
    os.register_at_fork(after_in_child=plans.reset)
