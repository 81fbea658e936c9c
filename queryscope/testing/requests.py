"""The door through which every request of a test goes: Django's own request handlers.

The test clients, a live server's threads and ASGI applications all call them.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..conf import get_settings
from ..endpoints import endpoint_name, masked_url
from ..recording import Recording, recordings, report_once
from ..streaming import record_body


class Door:
    """Records each request while it is open.

    ``keep`` is handed what has been recorded, and what tells the URL as it may be shown.
    """

    def __init__(self, keep: Callable[[Recording, Callable[[], str]], None]) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._under_way: set[Recording] = set()
        self._bodies: dict[Recording, Callable[[], None]] = {}
        self._handlers: tuple[Any, Any] | None = None

    def open(self) -> None:
        """Put it on the handlers."""
        handle, handle_async = BaseHandler.get_response, BaseHandler.get_response_async
        self._handlers = handle, handle_async
        door = self

        @functools.wraps(handle)
        def get_response(self: BaseHandler, request: HttpRequest) -> HttpResponseBase:
            recording = door._begin(request)
            if recording is None:
                return handle(self, request)
            response = None
            try:
                with recording.active():
                    response = handle(self, request)
                return response
            finally:
                door._end(recording, request, response)

        @functools.wraps(handle_async)
        async def get_response_async(self: BaseHandler, request: HttpRequest) -> HttpResponseBase:
            recording = door._begin(request)
            if recording is None:
                return await handle_async(self, request)
            response = None
            try:
                with recording.active():
                    response = await handle_async(self, request)
                return response
            finally:
                door._end(recording, request, response)

        BaseHandler.get_response = get_response  # type: ignore[method-assign]
        BaseHandler.get_response_async = get_response_async  # type: ignore[method-assign]

    def close(self) -> None:
        """Take it off again, and end what is still under way."""
        if self._handlers is not None:
            handle, handle_async = self._handlers
            BaseHandler.get_response = handle  # type: ignore[method-assign]
            BaseHandler.get_response_async = handle_async  # type: ignore[method-assign]
            self._handlers = None
        self.settle()

    def settle(self) -> None:
        """End the recordings of bodies that nobody has read to their end."""
        for done in list(self._bodies.values()):
            done()

    def serves(self) -> bool:
        """Whether the running code belongs to a request."""
        return not self._under_way.isdisjoint(recordings())

    def _begin(self, request: HttpRequest) -> Recording | None:
        try:
            if request.path_info.startswith(get_settings().ignore_paths):
                return None
            recording = Recording()
            with self._lock:
                self._under_way.add(recording)
            return recording
        except Exception as error:
            report_once(error)
            return None

    def _end(
        self, recording: Recording, request: HttpRequest, response: HttpResponseBase | None
    ) -> None:
        try:
            # Only known now: the handler resolves the URL.
            recording.name = endpoint_name(request)
            done = functools.partial(self._done, recording, functools.partial(masked_url, request))
            if response is not None:
                recording.status = response.status_code
                if record_body(response, recording, done):
                    self._bodies[recording] = done
                    return
            done()
        except Exception as error:
            report_once(error)

    def _done(self, recording: Recording, url: Callable[[], str]) -> None:
        with self._lock:
            if recording not in self._under_way:
                return
            self._under_way.remove(recording)
            self._bodies.pop(recording, None)
        try:
            recording.close()
            self._keep(recording, url)
        except Exception as error:
            report_once(error)
