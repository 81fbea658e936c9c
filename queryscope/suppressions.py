"""Where the project says what it allows: the comments in its modules and templates.

Reading them is for after the request: only files with findings are looked at, and most of those
hold no comment of ours.
"""

from __future__ import annotations

import datetime
import linecache
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from django.template import engines

from .checks import unknown_label
from .conf import Settings
from .core.comments import Comment, enclosing, mentioned, python_comments, template_comments
from .core.events import QueryGroup, Source, Trace
from .core.findings import Report, Suppression
from .core.suppression import Allowance, described, fits_endpoint
from .roles import is_application


def today() -> datetime.date:
    """The day by the process's clock, which Django sets to ``TIME_ZONE``."""
    return datetime.date.today()


def comments_of() -> Callable[[str], tuple[Comment, ...]]:
    """A reader of the comments in a file, which reads each file once."""
    return cache(_comments)


def _comments(file: str) -> tuple[Comment, ...]:
    text = _text(file)
    return _parsed(text, file) if mentioned(text) else ()


def _text(file: str) -> str:
    if not os.path.isabs(file) and not file.startswith("<"):
        return ""  # a template that no file holds
    linecache.checkcache(file)
    return "".join(linecache.getlines(file))


@lru_cache(maxsize=64)
def _parsed(text: str, file: str) -> tuple[Comment, ...]:
    # Whatever is not Python and causes queries is a template, of one engine or another.
    python = file.endswith((".py", ".pyw")) or file.startswith("<")
    return python_comments(text, file) if python else template_comments(text, file)


def idle(report: Report, traces: Sequence[Trace], settings: Settings) -> tuple[Suppression, ...]:
    """What else the project says, beyond what took a finding from the report of a whole audit.

    Comments are looked for in the modules that are loaded and the templates that were rendered. One
    that took nothing is told of only where it could have: where its function or class was seen
    to query, its template was rendered, or its model was queried at an endpoint that fits.
    """
    told = {(s.file, s.line, s.name) for s in report.suppressions}
    found = (*_idle_comments(traces), *_idle_allowances(report, traces, settings))
    return tuple(s for s in found if (s.file, s.line, s.name) not in told)


def _idle_comments(traces: Sequence[Trace]) -> Iterator[Suppression]:
    lines = _lines_that_queried(traces)
    rendered = set(_rendered())
    for file in sorted({*_modules(), *rendered}):
        for comment in _comments(file):
            suppression = described(comment, today())
            if not suppression.holds:
                yield suppression
            elif file in rendered:
                yield replace(suppression, message="its template was rendered without need of it")
            elif _queried(comment, lines.get(file, set())):
                yield replace(suppression, message="the code around it queried without need of it")


def _queried(comment: Comment, lines: set[int]) -> bool:
    """Whether the function or class around it was seen to query: then it ran, most likely."""
    first, last = enclosing(_text(comment.file), comment.first)
    return any(first <= line <= last for line in lines)


def _lines_that_queried(traces: Sequence[Trace]) -> dict[str, set[int]]:
    lines: dict[str, set[int]] = {}
    for trace in traces:
        for place in _places(trace):
            if place.location is not None:
                lines.setdefault(place.location.file, set()).add(place.location.line)
    return lines


def _places(trace: Trace) -> Iterator[QueryGroup | Source]:
    yield from trace.groups
    yield from trace.sources


def _modules() -> Iterator[str]:
    """Files of the application that this process has loaded."""
    for module in list(sys.modules.values()):
        # Not by getattr: a module that loads others lazily would load them now.
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and file.endswith(".py") and is_application(file):
            yield file


def _rendered() -> Iterator[str]:
    """The application's templates that the engines have loaded, which they do to render them."""
    for backend in engines.all():
        engine = getattr(backend, "engine", None)
        for loader in getattr(engine, "template_loaders", ()):
            for template in list(getattr(loader, "get_template_cache", {}).values()):
                file = getattr(getattr(template, "origin", None), "name", None)
                if isinstance(file, str) and os.path.isabs(file) and is_application(file):
                    yield file


def _idle_allowances(
    report: Report, traces: Sequence[Trace], settings: Settings
) -> Iterator[Suppression]:
    for allowance in settings.allow:
        suppression = described(allowance, today())
        if unknown := unknown_label(allowance):
            yield replace(suppression, message=unknown)
        elif not suppression.holds:
            yield suppression
        elif "/" in allowance.endpoint and not _known_endpoint(allowance.endpoint, report):
            yield replace(suppression, message="its endpoint fits no route of this audit")
        elif any(_ran(allowance, trace) for trace in traces):
            yield replace(suppression, message="what it speaks of was queried without need of it")


def _known_endpoint(pattern: str, report: Report) -> bool:
    route = pattern.partition(" ")[2] or pattern
    return any(fits_endpoint(pattern, endpoint.name) for endpoint in report.endpoints) or any(
        fits_endpoint(route, skipped.route) for skipped in report.skipped
    )


def _ran(allowance: Allowance, trace: Trace) -> bool:
    """Whether queries were recorded that the entry might have spoken of."""
    if allowance.endpoint and not fits_endpoint(allowance.endpoint, trace.name):
        return False
    models = {place.model for place in _places(trace) if place.model}
    apps = {model.rpartition(".")[0] for model in models}
    wanted = {allowance.model, allowance.relation.rpartition(".")[0]} - {""}
    return wanted <= models and (not allowance.app or allowance.app in apps)
