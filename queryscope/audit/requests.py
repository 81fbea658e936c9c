"""Sends one request through the whole middleware stack, in this process, and undoes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.models import Model
from django.db.transaction import TransactionManagementError
from django.shortcuts import resolve_url
from django.test.client import Client, ClientHandler

from ..core.events import Trace
from ..core.responses import Captured
from ..proving.trial import Trial, tried
from ..recording import Recording, record
from . import login
from .bodies import drain
from .deadline import Deadline, NoAnswer
from .effects import Effects, watch_effects
from .failures import logged_errors, place, what
from .fresh_caches import fresh_caches
from .sandbox import rolled_back

#: Seconds that a request may take.
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status, None when nothing did in time, and why the endpoint cannot
    be judged, or None. ``whole`` is false where a streamed body was left before its end.
    ``refusal`` says what the view takes in place of the method, where it takes others only.
    ``response`` is there where it was to be captured, and whole. ``effects`` are what it reached
    beside the databases, ``passed`` what it asked the project's own caches for in a trial.
    """

    status: int | None
    problem: str | None
    trace: Trace
    recording: Recording
    whole: bool = True
    refusal: str | None = None
    response: Captured | None = None
    effects: Effects = field(default_factory=Effects)
    passed: tuple[str, ...] = ()


class _Handler(ClientHandler):
    """Takes a user as authenticated where no session can say so.

    ``token_user`` passes REST framework's schemes, as its own APIClient does; ``user`` passes
    AuthenticationMiddleware.
    """

    token_user: Model | None = None
    user: Model | None = None
    deadline = Deadline(0)

    def make_view_atomic(self, view: Any) -> Any:
        view = super().make_view_atomic(view)
        return self.deadline.cancels(view) if iscoroutinefunction(view) else view

    def get_response(self, request: Any) -> Any:
        if self.token_user is not None:
            request._force_auth_user = self.token_user
        if self.user is not None:
            request._cached_user = request._acached_user = self.user
        return super().get_response(request)


class Requester:
    """One browser, as it were: ``user`` is logged in for every request, None is anonymous.

    A request is given up after ``timeout_s`` seconds, in the main thread of a Unix process.
    ``look`` is given each recording without problem or watch, before what it wrote is rolled back;
    ``capture`` keeps every response.
    """

    def __init__(
        self,
        user: Model | None,
        aliases: Sequence[str],
        timeout_s: float = TIMEOUT_S,
        look: Callable[[Recording], None] | None = None,
        *,
        capture: bool = False,
    ) -> None:
        self.user = user
        self.aliases = tuple(aliases)
        self.timeout_s = timeout_s
        self._look = look
        self._capture = capture
        self.host = host()
        self._whole = True
        #: The parts of a response that is to be captured.
        self._body: list[bytes] | None = None
        self._client = Client(raise_request_exception=False)
        # Kept for the whole audit: loading the middleware may be slow (static file scans).
        self._client.handler = self._handler = _Handler(enforce_csrf_checks=False)

    def send(
        self,
        method: str,
        url: str,
        name: str,
        *,
        force: bool = False,
        reads: bool = False,
        trial: Trial | None = None,
    ) -> Answer:
        """One recorded request in a transaction that is rolled back on every alias.

        ``force`` authenticates past the project's own schemes (tokens), ``reads`` watches what is
        read of rows, ``trial`` is put in place meanwhile, with empty caches, and the response
        captured. An exception of the view is the answer's problem; KeyboardInterrupt passes.
        """
        with nullcontext() if trial is None else fresh_caches() as fresh:
            # As in a server: what one request sets in context variables, the next does not see.
            answer = copy_context().run(self._send, method, url, name, force, reads, trial)
        return answer if fresh is None else replace(answer, passed=fresh.passed)

    def _send(
        self, method: str, url: str, name: str, force: bool, reads: bool, trial: Trial | None
    ) -> Answer:
        self._whole = True
        self._body = [] if self._capture or trial is not None else None
        captured: Captured | None = None
        self._refusal: str | None = None
        self._client.cookies = SimpleCookie()
        self._client.exc_info = None
        recording, effects = Recording(name, url), Effects()
        sessions: set[str] = set()
        deadline = self._handler.deadline = Deadline(self.timeout_s)
        try:
            with rolled_back(self.aliases), login.session(self._client, self.user):
                sessions = login.session_key(self._client)
                self._authenticate(force)
                if trial is not None:
                    self._prepare(trial)
                with (
                    logged_errors() as logged,
                    # Around the deadline, which may interrupt what is within.
                    watch_effects() as effects,
                    nullcontext() if trial is None else tried(trial),
                    record(name, url, reads=reads) as recording,
                    deadline,
                ):
                    response = self._response(method, url)
                    recording.status = response.status_code
                captured = self._captured(response)
                error = response.exc_info[1] if response.exc_info else None
                problem = self._problem(method, response, error or (logged and logged[-1]) or None)
                if self._look is not None and not (problem or reads or trial):
                    self._look(recording)
        except BaseException as caught:  # a cancelled task, say: one endpoint's problem
            if isinstance(caught, KeyboardInterrupt) and not isinstance(caught, NoAnswer):
                raise
            recording.status, problem = 500, _server_error(500, caught)
            error = caught
        if deadline.expired:
            where = place(error.__traceback__) if error else ""
            recording.status, problem = None, f"no answer within {self.timeout_s:g} s{where}"
        recording.close()
        login.forget(sessions | login.session_key(self._client) if sessions else sessions)
        trace = recording.trace
        return Answer(
            recording.status,
            problem,
            trace,
            recording,
            self._whole,
            self._refusal,
            captured,
            effects,
        )

    def _prepare(self, trial: Trial) -> None:
        with connections[trial.database].cursor() as cursor:
            for statement in trial.statements:
                cursor.execute(statement)

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
            self._whole = drain(response, self._handler.deadline, self._body)
        elif self._body is not None:
            self._body.append(response.content)
        return response

    def _captured(self, response: Any) -> Captured | None:
        if self._body is None or not self._whole:
            return None
        return Captured(
            status=response.status_code,
            headers=tuple(response.headers.items()),
            cookies=tuple(f"{name}={m.value}" for name, m in sorted(response.cookies.items())),
            body=b"".join(self._body),
            charset=response.charset or "utf-8",
        )

    def _problem(self, method: str, response: Any, error: BaseException | None) -> str | None:
        status = response.status_code
        if status >= 500 or response.exc_info:
            return _server_error(status, error)
        if 300 <= status < 400:
            location = response.headers.get("Location", "")
            if is_login(location):
                return f"{status} redirects to the login page{self._as_whom()}{self._ended()}"
            return None
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            return self._not_allowed(method, response.headers.get("Allow") or "")
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return _phrase(status) + self._as_whom()
        return _phrase(status) if status >= 400 else None

    def _not_allowed(self, method: str, allow: str) -> str:
        names = [name.strip() for name in allow.split(",") if name.strip() not in {"", "OPTIONS"}]
        problem = _phrase(HTTPStatus.METHOD_NOT_ALLOWED)
        if names and method not in names:
            self._refusal = f"accepts {', '.join(names)} only; record() sees it"
            return f"{problem}: {self._refusal}"
        why = f"though its Allow header names {method}" if names else "and no Allow header"
        self._refusal = f"{problem}, {why}{'' if names else ' says what it accepts'}"
        return self._refusal

    def _ended(self) -> str:
        if self.user is None or not login.has_sessions() or login.is_logged_in(self._client):
            return ""
        return ": a middleware or the view has ended the session"

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
        return f"{_phrase(status)}: the view's own answer, no exception is known"
    text = what(error)
    if isinstance(error, TransactionManagementError):
        # Without ATOMIC_REQUESTS the error before it would have cost one statement only.
        text += " Every request of an audit is one transaction."
    return f"{_phrase(status)}: {text}{place(error.__traceback__)}"
