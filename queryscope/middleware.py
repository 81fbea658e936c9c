"""Records each request and reports what it finds, for a staging or development server.

While the view runs nothing is analysed. The report is made when the server closes the request,
which WSGI and ASGI servers do once the client has the whole body, so nobody waits for it (a request
that ``RequestFactory`` made and nobody closes is not reported). A streaming body is recorded step
by step. Whatever goes wrong in here is logged once and kept from the application.
"""

from __future__ import annotations

import functools
import logging
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import recent
from .background import plans, worker
from .conf import get_settings
from .core.budgets import judge
from .core.explained import Plans, key
from .core.findings import Finding
from .core.reporters.layout import duration
from .core.workload import WorkloadQuery
from .endpoints import endpoint_name, masked_url
from .inspection import inspect, options_of, slow_queries
from .recording import Recording, report_once
from .streaming import record_body

logger = logging.getLogger("queryscope")

_LEVELS: Final = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}
#: Findings remembered as logged, over all endpoints of a process.
_MOST_KEYS = 2_000

F = TypeVar("F", bound=Callable[..., Any])


def _harmless(function: F) -> F:
    """The edge between queryscope and the application: errors are logged once and end here."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            report_once(error)
            return None

    return cast(F, guarded)


class Throttle:
    """Lets a key pass once in an interval; forgets the oldest beyond ``size`` keys."""

    def __init__(self, size: int = _MOST_KEYS) -> None:
        self._size = size
        self._passed: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def passes(self, key: str, interval_s: float) -> bool:
        now = time.monotonic()
        with self._lock:
            last = self._passed.get(key)
            if last is not None and now - last < interval_s:
                return False
            self._passed[key] = now
            self._passed.move_to_end(key)
            if len(self._passed) > self._size:
                self._passed.popitem(last=False)
            return True

    def clear(self) -> None:
        with self._lock:
            self._passed.clear()

    def __len__(self) -> int:
        return len(self._passed)


#: One for the process: every handler of it has a middleware of its own.
logged = Throttle()
#: The application's own sequence of random numbers is not ours to take from.
_dice = random.Random()
#: Requests in which there is the same to find are analysed and kept once in this many seconds.
analysed = Throttle()
_ANALYSED_S = 60


class QueryScopeMiddleware:
    """List it first in ``MIDDLEWARE``, so that the queries of the others are seen too."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.settings = get_settings()
        if not self.settings.enabled:
            raise MiddlewareNotUsed("QUERYSCOPE['ENABLED'] is False")
        if self.settings.sample_rate == 0:
            raise MiddlewareNotUsed("QUERYSCOPE['SAMPLE_RATE'] is 0")
        if not apps.is_installed("queryscope"):
            raise ImproperlyConfigured(
                "queryscope.middleware.QueryScopeMiddleware records nothing without its app: "
                "add 'queryscope' to INSTALLED_APPS"
            )
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._asynchronous:
            return self._acall(request)
        recording = self._begin(request)
        if recording is None:
            return cast(HttpResponseBase, self.get_response(request))
        try:
            with recording.active():
                response = self.get_response(request)
        except BaseException:
            self._name(recording, request, None)
            self._report(recording)
            raise
        self._end(recording, request, response)
        return cast(HttpResponseBase, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        recording = self._begin(request)
        if recording is None:
            return cast(HttpResponseBase, await self.get_response(request))
        try:
            with recording.active():
                response = await self.get_response(request)
        except GeneratorExit:
            recording.close()  # no event loop is left to report from
            raise
        except BaseException:
            # A client that gave up cancels the request: nobody will close it.
            self._name(recording, request, None)
            try:
                await sync_to_async(self._report, thread_sensitive=False)(recording)
            except Exception as error:
                report_once(error)
            raise
        self._end(recording, request, response)
        return cast(HttpResponseBase, response)

    @_harmless
    def _begin(self, request: HttpRequest) -> Recording | None:
        """A recording for the request, or None when it is not to be recorded."""
        if request.path_info.startswith(self.settings.ignore_paths):
            return None
        rate = self.settings.sample_rate
        if rate < 1 and _dice.random() >= rate:
            return None
        return Recording()

    @_harmless
    def _name(self, recording: Recording, request: HttpRequest, status: int | None) -> None:
        # Only known now: the handler resolves the URL after the middleware.
        recording.name = endpoint_name(request)
        recording.request = masked_url(request)
        recording.status = status

    @_harmless
    def _end(self, recording: Recording, request: HttpRequest, response: HttpResponseBase) -> None:
        self._name(recording, request, response.status_code)
        if self.settings.server_timing:
            add_server_timing(response, recording)
        if not record_body(response, recording):
            recording.close()
        closing = _Closing(request, functools.partial(self._report, recording))
        request.close = closing  # type: ignore[method-assign]

    @_harmless
    def _report(self, recording: Recording) -> None:
        recording.close()
        if not recording.queries:
            return
        told = self._over(recording), recording.slowest_ms >= self.settings.slow_query_ms
        shape = f"{recording.name} {recording.status} {recording.shape()} {told}"
        if not analysed.passes(shape, min(_ANALYSED_S, self.settings.log_interval_s)):
            return
        queries = slow_queries([recording], self.settings)
        known = plans.known(queries, self.settings.log_interval_s)
        missing = [query for query in queries if key(query) not in known]
        if not (missing and self._explains(recording, queries, missing)):
            self._tell(recording, known)

    def _explains(
        self,
        recording: Recording,
        queries: Sequence[WorkloadQuery],
        missing: Sequence[WorkloadQuery],
    ) -> bool:
        """Have plans asked for and the report made elsewhere, later; False where nobody can."""
        seconds = self.settings.explain_seconds_per_minute
        if not plans.may_ask(seconds):
            return False

        def job() -> None:
            try:
                plans.ask(missing, seconds)
            finally:
                self._tell(recording, plans.known(queries, self.settings.log_interval_s))

        return worker.submit(job)

    @_harmless
    def _tell(self, recording: Recording, known: Plans) -> None:
        report = inspect(recording, settings=self.settings, plans=known)
        for finding in report.findings:
            if logged.passes(" ".join(finding.identity), self.settings.log_interval_s):
                log(finding)
        recent.keep(report, self.settings)

    def _over(self, recording: Recording) -> list[str]:
        """The measures of its budget that the request exceeds."""
        budget = options_of(self.settings).budget_for(recording.name)
        if not budget.limits:
            return []
        return [verdict.measure for verdict in judge(recording.totals, budget) if verdict.over]


class _Closing:
    """Stands in for ``request.close``, the last thing the handler calls, and reports once.

    Not through the response: a middleware further out may replace it, or a cache may pickle it.
    """

    def __init__(self, request: HttpRequest, report: Callable[[], None]) -> None:
        self._request = request
        self._report = report
        self._close = request.close

    def __call__(self) -> None:
        try:
            self._close()
        finally:
            if vars(self._request).pop("close", None) is not None:
                self._report()

    def __reduce__(self) -> tuple[Any, ...]:
        """A request that is pickled or copied in depth gets back what it had: its own method."""
        return getattr, (self._request, "close")


def add_server_timing(response: HttpResponseBase, recording: Recording) -> None:
    """Add time and count of the queries so far as the metric ``db``; keeps other metrics."""
    noun = "query" if recording.queries == 1 else "queries"
    metric = f'db;dur={recording.database_ms:.1f};desc="{recording.queries} {noun}"'
    before = response.headers.get("Server-Timing")
    response.headers["Server-Timing"] = f"{before}, {metric}" if before else metric


def log(finding: Finding) -> None:
    """One record on the logger ``queryscope``, whose attribute ``queryscope`` is the finding."""
    place = finding.location or finding.origin
    where = f" at {place.file}:{place.line} in {place.function}" if place else ""
    took = f", {duration(finding.duration_ms)}" if finding.fingerprint else ""
    text = f"{finding.detector}: {finding.endpoint}: {finding.message}{took}{where}; {finding.hint}"
    logger.log(
        _LEVELS[finding.severity], " ".join(text.split()), extra={"queryscope": finding.as_dict()}
    )
