"""Streamed bodies, read to their end or as far as an audit waits for it."""

from __future__ import annotations

import time
from typing import Any

from asgiref.sync import async_to_sync
from django.core.signals import request_finished
from django.db import close_old_connections

from .deadline import Deadline

#: A streamed body is read to this size or for this long; server-sent events have no end.
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_BODY_S = 10.0


def drain(response: Any, deadline: Deadline, body: list[bytes] | None) -> bool:
    """Read a streamed body to its end, or as far as the limits go and close it: then False."""
    limit = _Limit(body)
    if response.is_async:
        complete: bool = async_to_sync(deadline.cancels(_adrain))(response, limit)
    else:
        complete = all(limit.allows(part) for part in response.streaming_content)
    if not complete:
        _close(response)
    return complete


def _close(response: Any) -> None:
    """Leave a body before its end, without closing the connections that are in a transaction."""
    # What Django's test client puts around the body closes the response as well, with that care.
    close = getattr(getattr(response, "_iterator", None), "close", None)
    if close is not None:
        close()
        return
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


async def _adrain(response: Any, limit: _Limit) -> bool:
    async for part in response.streaming_content:
        if not limit.allows(part):
            return False
    return True


class _Limit:
    """How far a body is read; what was read is kept in ``body``."""

    def __init__(self, body: list[bytes] | None) -> None:
        self._body = body
        self._size = 0
        self._deadline = time.monotonic() + MAX_BODY_S

    def allows(self, part: bytes) -> bool:
        self._size += len(part)
        if self._body is not None:
            self._body.append(part)
        return self._size <= MAX_BODY_BYTES and time.monotonic() < self._deadline
