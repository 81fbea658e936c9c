"""Sends one request through the whole middleware stack, in this process, and undoes it."""

from __future__ import annotations

import os
import sysconfig
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.apps import apps
from django.conf import settings
from django.db.models import Model
from django.db.transaction import TransactionManagementError
from django.shortcuts import resolve_url
from django.test.client import Client, ClientHandler

from ..core.events import Trace
from ..recording import Recording, record
from . import login
from .sandbox import rolled_back

#: A streamed body is read to this size or for this long; server-sent events have no end.
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_BODY_S = 10.0

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and why the endpoint cannot be judged, or None."""

    status: int
    problem: str | None
    trace: Trace


class _Handler(ClientHandler):
    """Takes a user as authenticated where no session can say so.

    ``token_user`` passes REST framework's schemes, as its own APIClient does; ``user`` passes
    AuthenticationMiddleware.
    """

    token_user: Model | None = None
    user: Model | None = None

    def get_response(self, request: Any) -> Any:
        if self.token_user is not None:
            request._force_auth_user = self.token_user
        if self.user is not None:
            request._cached_user = request._acached_user = self.user
        return super().get_response(request)


class Requester:
    """One browser, as it were: ``user`` is logged in for every request, None is anonymous."""

    def __init__(self, user: Model | None, aliases: Sequence[str]) -> None:
        self.user = user
        self.aliases = tuple(aliases)
        self.host = host()
        self._client = Client(raise_request_exception=False)
        # Kept for the whole audit: loading the middleware may be slow (static file scans).
        self._client.handler = self._handler = _Handler(enforce_csrf_checks=False)

    def send(self, method: str, url: str, name: str, *, force: bool = False) -> Answer:
        """One recorded request in a transaction that is rolled back on every alias.

        ``force`` authenticates past the project's own schemes (tokens). An exception of the view
        is the answer's problem; KeyboardInterrupt passes.
        """
        self._client.cookies = SimpleCookie()
        self._client.exc_info = None
        recording = Recording(name, url)
        sessions: set[str] = set()
        try:
            with rolled_back(self.aliases), login.session(self._client, self.user):
                sessions = login.session_key(self._client)
                self._authenticate(force)
                with record(name, url) as recording:
                    response = self._response(method, url)
                    recording.status = response.status_code
                error = response.exc_info[1] if response.exc_info else None
                problem = self._problem(response, error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a cancelled task, say: one endpoint's problem
            recording.status, problem = 500, _server_error(500, error)
        recording.close()
        login.forget(sessions | login.session_key(self._client) if sessions else sessions)
        return Answer(recording.status or 500, problem, recording.trace)

    def _authenticate(self, force: bool) -> None:
        forced = self.user is not None and (force or not login.has_sessions())
        # Read anew: relations that one request loaded must not be there in the next.
        user = login.fresh(self.user) if forced and self.user is not None else None
        self._handler.token_user = user if force else None
        self._handler.user = None if login.has_sessions() else user

    def _response(self, method: str, url: str) -> Any:
        send = self._client.head if method == "HEAD" else self._client.get
        response = send(url, secure=_secure(), SERVER_NAME=self.host)
        if response.streaming:
            _drain(response)
        return response

    def _problem(self, response: Any, error: BaseException | None) -> str | None:
        status = response.status_code
        if status >= 500 or error is not None:
            return _server_error(status, error)
        if 300 <= status < 400:
            location = response.headers.get("Location", "")
            if is_login(location):
                return f"{status} redirects to the login page{self._as_whom()}"
            return None
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            return f"{_phrase(status)}: accepts {response.headers.get('Allow') or 'nothing'}"
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return _phrase(status) + self._as_whom()
        return _phrase(status) if status >= 400 else None

    def _as_whom(self) -> str:
        if self.user is None:
            return " for an anonymous visitor; pass --user"
        return f" for user {login.name_of(self.user)!r}"


def host() -> str:
    """A host name that ALLOWED_HOSTS accepts."""
    allowed = [str(name) for name in settings.ALLOWED_HOSTS]
    concrete = [name.lstrip(".") for name in allowed if "*" not in name and name.lstrip(".")]
    name = next((n for n in concrete if n == "localhost"), None)
    name = name or (concrete[0] if concrete and "*" not in allowed else "localhost")
    return f"www.{name}" if settings.PREPEND_WWW and not name.startswith("www.") else name


def _secure() -> bool:
    return bool(settings.SECURE_SSL_REDIRECT)


def is_login(location: str) -> bool:
    """Whether a redirect leads to where one logs in."""
    path = urlsplit(location).path.rstrip("/")
    try:
        login_path = urlsplit(resolve_url(settings.LOGIN_URL)).path.rstrip("/")
    except Exception:  # LOGIN_URL may name a view that this project does not have
        login_path = ""
    last = path.rsplit("/", 1)[-1].lower()
    return bool(path) and (path == login_path or last in {"login", "signin", "sign-in", "log-in"})


def uses_rest_framework(view: Any) -> bool:
    """Whether the view authenticates through REST framework, which may want a token."""
    return apps.is_installed("rest_framework") and hasattr(
        getattr(view, "cls", None), "authentication_classes"
    )


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _server_error(status: int, error: BaseException | None) -> str:
    if error is None:
        return _phrase(status)
    text = " ".join(str(error).split())
    text = text if len(text) <= 200 else text[:197] + "..."
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, TransactionManagementError):
        # Without ATOMIC_REQUESTS the error before it would have cost one statement only.
        what += " Every request of an audit is one transaction."
    return f"{_phrase(status)}: {what}{_place(error.__traceback__)}"


def _place(trace: TracebackType | None) -> str:
    """Where the project's own code was: " (views.py:31)"."""
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(trace)
        if not frame.f_code.co_filename.startswith((*_LIBRARIES, os.path.dirname(__file__), "<"))
    ]
    if not frames:
        return ""
    file, line = frames[-1]
    return f" ({os.path.basename(file)}:{line})"


def _drain(response: Any) -> None:
    """Read a streamed body to its end, or as far as the limits go and close it."""
    if response.is_async:
        complete = async_to_sync(_adrain)(response)
    else:
        limit = _Limit()
        complete = all(limit.allows(part) for part in response.streaming_content)
    if not complete:
        response.close()


async def _adrain(response: Any) -> bool:
    limit = _Limit()
    async for part in response.streaming_content:
        if not limit.allows(part):
            return False
    return True


class _Limit:
    def __init__(self) -> None:
        self._size = 0
        self._deadline = time.monotonic() + MAX_BODY_S

    def allows(self, part: bytes) -> bool:
        self._size += len(part)
        return self._size <= MAX_BODY_BYTES and time.monotonic() < self._deadline
