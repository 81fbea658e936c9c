"""From sync code in a worker thread to the coroutine that waits for it.

The async ORM runs its queries in a thread whose stack ends at asgiref's ``thread_handler``; the
code that wrote ``await`` is suspended in the event loop. asgiref runs the thread's work in a
context that the waiting coroutine holds as well, and that identifies it.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import weakref
from collections.abc import Iterator
from contextvars import Context, ContextVar
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any

#: The task that opened the recording: the one that waits, most of the time.
opener: ContextVar[weakref.ref[asyncio.Task[Any]] | None] = ContextVar(
    "queryscope_opener", default=None
)

# Searching every task of a busy event loop would cost more than the place is worth.
_MOST_TASKS = 64
_MOST_ASKED = 1_000
_DEEPEST = 200
#: A coroutine that is about to wait is given time to do so, twice as much with each look.
_FIRST_PAUSE_S = 0.0001
_LAST_PAUSE_S = 0.0064


def awaiting(handler: FrameType) -> Iterator[FrameType]:
    """Frames of the coroutines that wait for a ``thread_handler`` frame, innermost first.

    Those of the task that opened the recording come last, also where another task of it waits: the
    line that gathers tasks is in there.
    """
    values = handler.f_locals
    context, loop = _context(values.get("func")), values.get("loop")
    if context is None:
        return iter(())
    reference = opener.get()
    first = reference() if reference is not None else None
    pause = _FIRST_PAUSE_S
    while True:
        if first is not None and (chain := _chain_to(first, context)) is not None:
            return reversed(chain)
        outer = _chain(first.get_coro()) if first is not None else []
        others = _others(loop, reference)
        for task in others:
            if (chain := _chain_to(task, context)) is not None:
                return reversed([*outer, *chain])
        # A coroutine that has handed its work on may not have come to wait for it yet.
        if pause > _LAST_PAUSE_S or not _is_running([first, *others], loop):
            return reversed(outer)
        time.sleep(pause)
        pause *= 2


def _chain_to(task: asyncio.Task[Any], context: Context) -> list[FrameType] | None:
    """Frames of a task that waits for work in ``context``, outermost first; None of another."""
    chain = _chain(task.get_coro())
    for index, frame in enumerate(chain):
        if (
            frame.f_code.co_qualname == "SyncToAsync.__call__"
            and frame.f_locals.get("context") is context
        ):
            return chain[:index]
    return None


def _is_running(tasks: list[asyncio.Task[Any] | None], loop: Any) -> bool:
    """Whether one of the tasks is at work just now: what it awaits cannot be told then."""
    try:
        task = asyncio.current_task(loop)
    except RuntimeError:
        return False
    return task is not None and task in tasks


def _context(function: Any) -> Context | None:
    bound = getattr(function, "__self__", None)
    if isinstance(bound, Context):
        return bound
    for cell in getattr(function, "__closure__", None) or ():
        if isinstance(cell.cell_contents, Context):
            return cell.cell_contents
    return None


if sys.version_info >= (3, 12):

    def _others(loop: Any, reference: Any) -> list[asyncio.Task[Any]]:
        """The tasks that were made within the recording: they have a copy of its context."""
        if reference is None:
            return _all_tasks(loop, _MOST_TASKS)
        tasks = _all_tasks(loop, _MOST_ASKED)
        return [task for task in tasks if task.get_context().get(opener) is reference]

else:

    def _others(loop: Any, reference: Any) -> list[asyncio.Task[Any]]:
        """All tasks, as long as these are few: what context they have cannot be told."""
        return _all_tasks(loop, _MOST_TASKS)


def _all_tasks(loop: Any, most: int) -> list[asyncio.Task[Any]]:
    try:
        tasks = asyncio.all_tasks(loop)
    except RuntimeError:
        return []
    return list(tasks) if len(tasks) <= most else []


def _chain(awaitable: Any) -> list[FrameType]:
    """Frames from a task's outermost coroutine to what it awaits in the end."""
    chain: list[FrameType] = []
    for _ in range(_DEEPEST):
        if isinstance(awaitable, CoroutineType):
            frame, inner = awaitable.cr_frame, awaitable.cr_await
        elif isinstance(awaitable, AsyncGeneratorType):
            frame, inner = awaitable.ag_frame, awaitable.ag_await
        elif isinstance(awaitable, GeneratorType):
            frame, inner = awaitable.gi_frame, awaitable.gi_yieldfrom
        elif awaitable is None:
            break
        else:
            # anext() and asend() objects do not tell whose they are, the collector does.
            frame, inner = None, _generator_behind(awaitable)
        if frame is not None:
            chain.append(frame)
        awaitable = inner
    return chain


def _generator_behind(awaitable: Any) -> Any:
    if isinstance(awaitable, asyncio.Future):
        return None
    kinds = (AsyncGeneratorType, CoroutineType, GeneratorType)
    behind = [thing for thing in gc.get_referents(awaitable) if not isinstance(thing, type)]
    # anext() with a default holds another awaitable, which holds the generator.
    behind += [inner for thing in behind for inner in gc.get_referents(thing)]
    return next((thing for thing in behind if isinstance(thing, kinds)), None)
