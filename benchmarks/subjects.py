"""The tools that are measured: how each is installed, switched on and switched off again.

A tool is set up as its documentation says, with everything but its SQL side left out. Tools that
patch Django for the whole process are measured each in a process of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """``active`` switches the tool on for one request; without it the middleware alone does.

    ``patches`` says that its patches cost something while it is switched off. ``verify`` raises
    when the tool did not do its work on the page that was just served: a tool that fails quietly
    would look fast.
    """

    name: str
    distribution: str
    apps: tuple[str, ...] = ()
    middleware: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    patches: bool = False
    prepare: Callable[[], None] | None = None
    verify: Callable[[], None] | None = None
    active: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext


def _start_sentry() -> None:
    import sentry_sdk
    from sentry_sdk.transport import Transport

    class Nowhere(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            envelope.serialize()

    sentry_sdk.init(
        dsn="https://key@sentry.invalid/1", traces_sample_rate=1.0, transport=Nowhere, debug=False
    )
    global _sentry_client
    _sentry_client = sentry_sdk.get_client()
    sentry_sdk.get_global_scope().set_client(None)


@contextlib.contextmanager
def _sentry() -> Iterator[None]:
    import sentry_sdk

    sentry_sdk.get_global_scope().set_client(_sentry_client)
    try:
        yield
    finally:
        sentry_sdk.get_global_scope().set_client(None)


def _start_opentelemetry() -> None:
    from opentelemetry import trace
    from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import (
        SimpleSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )

    class Nowhere(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Nowhere()))
    trace.set_tracer_provider(provider)
    SQLite3Instrumentor().instrument()
    global _suppressed
    _suppressed = _suppress()
    _suppressed.__enter__()


def _suppress() -> AbstractContextManager[Any]:
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    return suppress_instrumentation()


@contextlib.contextmanager
def _opentelemetry() -> Iterator[None]:
    global _suppressed
    _suppressed.__exit__(None, None, None)
    try:
        yield
    finally:
        _suppressed = _suppress()
        _suppressed.__enter__()


_sentry_client: Any = None
_suppressed: AbstractContextManager[Any]


def _queryscope_found() -> None:
    from queryscope import recent
    from queryscope.conf import get_settings

    newest = recent.reports(get_settings())[:1]
    found = [(f["detector"], f["count"]) for entry in newest for f in entry["report"]["findings"]]
    if found != [("n-plus-one", 200)]:
        raise RuntimeError(f"queryscope found {found} on the page of 200 foreign keys")


NOTHING = Subject(name="nothing installed", distribution="Django")

QUERYSCOPE = Subject(
    name="queryscope",
    distribution="queryscope",
    apps=("queryscope",),
    middleware=("queryscope.middleware.QueryScopeMiddleware",),
    verify=_queryscope_found,
)

PEERS = (
    Subject(
        name="debug toolbar (SQL panel)",
        distribution="django-debug-toolbar",
        apps=("django.contrib.staticfiles", "debug_toolbar"),
        middleware=("debug_toolbar.middleware.DebugToolbarMiddleware",),
        settings={
            "DEBUG_TOOLBAR_PANELS": ["debug_toolbar.panels.sql.SQLPanel"],
            "DEBUG_TOOLBAR_CONFIG": {"SHOW_TOOLBAR_CALLBACK": lambda request: True},
        },
    ),
    Subject(
        name="silk",
        distribution="django-silk",
        apps=("django.contrib.auth", "silk"),
        middleware=("silk.middleware.SilkyMiddleware",),
        settings={"SILKY_MAX_RECORDED_REQUESTS_CHECK_PERCENT": 0},
    ),
    Subject(
        name="zeal",
        distribution="django-zeal",
        apps=("zeal",),
        middleware=("zeal.middleware.zeal_middleware",),
        patches=True,
        settings={"ZEAL_RAISE": False},
    ),
    Subject(
        name="nplusone",
        distribution="nplusone",
        apps=("nplusone.ext.django",),
        middleware=("nplusone.ext.django.NPlusOneMiddleware",),
        patches=True,
    ),
    Subject(
        name="sentry (tracing)",
        distribution="sentry-sdk",
        patches=True,
        prepare=_start_sentry,
        active=_sentry,
    ),
    Subject(
        name="opentelemetry (sqlite3)",
        distribution="opentelemetry-instrumentation-sqlite3",
        prepare=_start_opentelemetry,
        active=_opentelemetry,
    ),
)
