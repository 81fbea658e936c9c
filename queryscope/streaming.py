"""Records what a streaming body asks while it is sent, step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Final, cast

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from .recording import Recording

_END: Final = object()


def _nothing() -> None:
    """Nobody waits for the end."""


def record_body(
    response: HttpResponseBase, recording: Recording, done: Callable[[], None] = _nothing
) -> bool:
    """Whether the body is made while it is sent: then it is recorded, and ``done`` called after it.

    A file is handed to the server as it is; it makes no queries, and sendfile must keep working.
    """
    if not isinstance(response, StreamingHttpResponse):
        return False
    if getattr(response, "file_to_stream", None) is not None:
        return False
    body = cast(Any, response.streaming_content)
    steps = _steps_async if response.is_async else _steps
    response.streaming_content = steps(body, recording, done)
    return True


def _steps(
    body: Iterable[bytes], recording: Recording, done: Callable[[], None]
) -> Iterator[bytes]:
    iterator = iter(body)
    try:
        while True:
            # Not around the yield: the server runs other code in this context between two steps.
            with recording.active():
                chunk = next(iterator, _END)
            if chunk is _END:
                return
            yield cast(bytes, chunk)
    finally:
        done()


async def _steps_async(
    body: AsyncIterator[bytes], recording: Recording, done: Callable[[], None]
) -> AsyncIterator[bytes]:
    try:
        while True:
            with recording.active():
                chunk = await anext(body, _END)
            if chunk is _END:
                return
            yield cast(bytes, chunk)
    finally:
        done()
