"""Measure one subject in this process: whole WSGI requests, its variants in alternating rounds.

Each round serves a page twice per variant and times the second, in an order that rotates, so that a
slow moment of the machine hits all of them. What counts is the median over the rounds of the
difference to the no-op wrapper *of the same round*, in CPU time of the process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import logging
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from subjects import Subject

HERE = Path(__file__).resolve().parent
PAGES = {"foreign-keys": 201, "template": 101, "rows": 4}
IDLE_QUERIES = 500


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to serve a page; ``active`` surrounds each request and is not measured."""

    name: str
    serve: Callable[[str], None]
    active: Callable[[], AbstractContextManager[Any]]


def configure(subject: Subject) -> None:
    """Set Django up with the subject installed, on an in-memory SQLite with 500 tasks."""
    from django.conf import settings

    sys.path[:0] = [str(HERE), str(HERE.parent)]
    settings.configure(
        **{
            "SECRET_KEY": "benchmark",
            "ALLOWED_HOSTS": ["*"],
            "ROOT_URLCONF": "tracker.pages",
            "STATIC_URL": "static/",
            "INSTALLED_APPS": ["django.contrib.contenttypes", "tracker", *subject.apps],
            "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            "TEMPLATES": [
                {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
            ],
            "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
            "LOGGING_CONFIG": None,
            **subject.settings,
        }
    )
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    if subject.prepare:
        subject.prepare()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    _seed()


def _seed() -> None:
    from tracker.models import Person, Project, Task

    people = Person.objects.bulk_create(
        Person(name=f"Person {i}", email=f"p{i}@example.com") for i in range(50)
    )
    projects = Project.objects.bulk_create(
        Project(name=f"Project {i}", status="active", owner=people[i % 50]) for i in range(200)
    )
    Task.objects.bulk_create(
        Task(
            title=f"Task {i}",
            description="What is to be done. " * 5,
            status=("open", "done")[i % 2],
            project=projects[i % 200],
            assigned_to=people[i % 50],
        )
        for i in range(500)
    )


def noop(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    return execute(sql, params, many, context)


@contextlib.contextmanager
def wrappers(*installed: Any) -> Iterator[None]:
    """Exactly these execute wrappers on the connection, for a while."""
    from django.db import connection

    before = list(connection.execute_wrappers)
    connection.execute_wrappers[:] = installed
    try:
        yield
    finally:
        connection.execute_wrappers[:] = before


def server(*middleware: str) -> Callable[[str], None]:
    """Serve a path as a WSGI server does: call, read the body, close."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    settings.MIDDLEWARE = list(middleware)
    handler = WSGIHandler()
    environs = {page: RequestFactory().get(f"/{page}/").environ for page in PAGES}

    statuses: list[str] = []

    def start_response(status: str, headers: Any) -> None:
        statuses[:] = [status]

    def serve(page: str) -> None:
        response = handler(dict(environs[page]), start_response)
        body = b"".join(response)
        response.close()
        if statuses != ["200 OK"] or not body:
            raise RuntimeError(f"/{page}/ answered {statuses[0]}")

    return serve


def variants(subject: Subject) -> list[Variant]:
    plain = server()
    return [
        Variant("bare", plain, wrappers),
        Variant("no-op", plain, lambda: wrappers(noop)),
        Variant("no-op again", plain, lambda: wrappers(noop)),
        Variant("tool", server(*subject.middleware), subject.active),
    ]


def rounds(
    measured: Sequence[Variant], page: str, count: int, warm_up: int = 5
) -> dict[str, list[int]]:
    """CPU nanoseconds of each variant in each round."""
    times: dict[str, list[int]] = {variant.name: [] for variant in measured}
    for number in range(-warm_up, count):
        shift = number % len(measured)
        for variant in [*measured[shift:], *measured[:shift]]:
            with variant.active():
                # Once untimed, so that what the variant before left to the collector is paid.
                variant.serve(page)
                start = time.process_time_ns()
                variant.serve(page)
                took = time.process_time_ns() - start
            if number >= 0:
                times[variant.name].append(took)
    return times


def added(times: dict[str, list[int]], tool: str, base: str) -> float:
    """Median of what ``tool`` took longer than ``base`` in the same round, in microseconds."""
    pairs = zip(times[tool], times[base], strict=True)
    return statistics.median(a - b for a, b in pairs) / 1000


def page_figures(measured: Sequence[Variant], page: str, count: int) -> dict[str, Any]:
    """Figures of one page; ``{"error": …}`` when the page breaks under the tool."""
    try:
        times = rounds(measured, page, count)
    except RuntimeError as error:
        return {"error": str(error)}
    queries = PAGES[page]
    tool, base = (statistics.median(times[name]) / 1000 for name in ("tool", "no-op"))
    return {
        "queries": queries,
        "rounds": count,
        "bare_us": statistics.median(times["bare"]) / 1000,
        "noop_us": base,
        "tool_us": tool,
        "noop_us_per_query": added(times, "no-op", "bare") / queries,
        "tool_us_per_query": added(times, "tool", "no-op") / queries,
        "noise_us_per_query": abs(added(times, "no-op again", "no-op")) / queries,
        "page_ms_added": added(times, "tool", "no-op") / 1000,
        "ratio": tool / base,
    }


def idle_figures(count: int) -> dict[str, float]:
    """What an installed tool that does not record adds to ``SELECT 1``."""
    from django.db import connection

    hooks = list(connection.execute_wrappers)

    def serve(page: str) -> None:
        with connection.cursor() as cursor:
            for _ in range(IDLE_QUERIES):
                cursor.execute("SELECT 1")

    measured = [
        Variant("bare", serve, wrappers),
        Variant("no-op", serve, lambda: wrappers(noop)),
        Variant("tool", serve, lambda: wrappers(*hooks)),
    ]
    times = rounds(measured, "idle", count)
    return {
        "queries": IDLE_QUERIES,
        "bare_us_per_query": statistics.median(times["bare"]) / 1000 / IDLE_QUERIES,
        "noop_us_per_query": added(times, "no-op", "bare") / IDLE_QUERIES,
        "tool_us_per_query": added(times, "tool", "no-op") / IDLE_QUERIES,
        "tool_us_per_query_over_bare": added(times, "tool", "bare") / IDLE_QUERIES,
    }


def measure(subject: Subject, count: int) -> dict[str, Any]:
    """All figures of a subject; ``{"error": …}`` when it cannot be installed here."""
    try:
        version = _version(subject)
        configure(subject)
        measured = variants(subject)
        for variant in measured:
            with variant.active():
                variant.serve("foreign-keys")
        if subject.verify:
            subject.verify()
    except Exception as error:  # whatever keeps a peer from running is what we report
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return {"name": subject.name, "error": reason}
    gc.collect()
    gc.freeze()
    return {
        "name": subject.name,
        "version": version,
        "depth": template_depth(),
        "pages": {page: page_figures(measured, page, count) for page in PAGES},
        "idle": idle_figures(count),
    }


def _version(subject: Subject) -> str:
    try:
        return importlib.metadata.version(subject.distribution)
    except importlib.metadata.PackageNotFoundError:
        if subject.distribution != "queryscope":
            raise
        sys.path.insert(0, str(HERE.parent))
        import queryscope

        return queryscope.__version__


def template_depth() -> int:
    """Frames from the cursor to the view on the page with the template."""
    depths: list[int] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        frame, depth = sys._getframe(1), 1
        while frame.f_back and not frame.f_code.co_filename.startswith(str(HERE / "tracker")):
            frame, depth = frame.f_back, depth + 1
        depths.append(depth)
        return execute(sql, params, many, context)

    with wrappers(count):
        server()("template")
    return max(depths)
