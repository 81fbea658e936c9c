"""From sync code in a worker thread to the coroutine that waits for it.

The async ORM runs its queries in a thread whose stack ends at asgiref's ``thread_handler``; the
code that wrote ``await`` is suspended in the event loop. asgiref runs the thread's work in a
context that the waiting coroutine holds as well, and that identifies it.
"""

from __future__ import annotations

import asyncio
import gc
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
_DEEPEST = 200


def awaiting(handler: FrameType) -> Iterator[FrameType]:
    """Frames of the coroutines that wait for a ``thread_handler`` frame, innermost first."""
    values = handler.f_locals
    context = _context(values.get("func"))
    if context is None:
        return iter(())
    for task in _tasks(values.get("loop")):
        chain = _chain(task.get_coro())
        for index, frame in enumerate(chain):
            if (
                frame.f_code.co_qualname == "SyncToAsync.__call__"
                and frame.f_locals.get("context") is context
            ):
                return iter(chain[:index][::-1])
    return iter(())


def _context(function: Any) -> Context | None:
    bound = getattr(function, "__self__", None)
    if isinstance(bound, Context):
        return bound
    for cell in getattr(function, "__closure__", None) or ():
        if isinstance(cell.cell_contents, Context):
            return cell.cell_contents
    return None


def _tasks(loop: Any) -> Iterator[asyncio.Task[Any]]:
    reference = opener.get()
    first = reference() if reference is not None else None
    if first is not None:
        yield first
    try:
        others = asyncio.all_tasks(loop)
    except RuntimeError:
        return
    if len(others) <= _MOST_TASKS:
        yield from (task for task in others if task is not first)


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
    return next((thing for thing in gc.get_referents(awaitable) if isinstance(thing, kinds)), None)
