"""The panel for django-debug-toolbar, 6 to 8: a page's findings beside what the toolbar shows.

List ``queryscope.panels.QueryScopePanel`` in ``DEBUG_TOOLBAR_PANELS``, below HeadersPanel, which
writes to the toolbar's store while the request is served. Nothing else of queryscope imports this
module, so that the toolbar need not be there.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable
from functools import lru_cache
from inspect import iscoroutine
from typing import Any

from debug_toolbar.forms import SignedDataForm
from debug_toolbar.panels import Panel
from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import URLPattern, path

from .conf import get_settings
from .core.explained import key
from .core.reporters.listings import sql_lines
from .endpoints import endpoint_name, masked_url
from .explain_view import explain
from .explainable import explainable
from .inspection import inspect
from .panel_data import page, statements
from .recording import Recording, install, report_once

_COLUMNS, _LINES = 160, 40
_STREAMED = "The response is streamed: what its body asks is not in here."


class QueryScopePanel(Panel):
    """Records the request that the toolbar is shown for, and tells what it finds."""

    is_async = True
    title = "queryscope"
    nav_icon: str | None = "queryscope/panel.svg"  # type: ignore[assignment]
    template = "queryscope/panel.html"

    _recording: Recording | None = None

    @classmethod
    def ready(cls) -> None:
        install()

    @classmethod
    def run_checks(cls) -> list[CheckMessage]:
        """E003: the templates are found through the app only."""
        if apps.is_installed("queryscope"):
            return []
        return [
            Error(
                "queryscope.panels.QueryScopePanel shows nothing without its app.",
                hint="Add 'queryscope' to INSTALLED_APPS.",
                id="queryscope.E003",
            )
        ]

    @classmethod
    def get_urls(cls) -> list[URLPattern]:
        return [path("queryscope/explain/", explain, name="queryscope_explain")]

    def process_request(self, request: HttpRequest) -> Any:
        """The response, or a coroutine that brings it where ``get_response`` gives one."""
        try:
            recording = Recording()
        except Exception as error:
            report_once(error)
            return self.get_response(request)
        self._recording = recording
        with recording.active():
            response: Any = self.get_response(request)
        if iscoroutine(response):
            return _awaited(response, recording)
        recording.close()
        return response

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Make the report. No plan is asked for: the request's connections are left alone."""
        if self._recording is None:
            return
        try:
            stats = _stats(self._recording, request, response)
        except Exception as error:
            report_once(error)
            stats = {"fault": type(error).__name__}
        self.record_stats(stats)

    @property
    def nav_subtitle(self) -> str:
        return render_to_string("queryscope/subtitle.html", {"page": self.get_stats()})

    @property
    def scripts(self) -> list[str]:
        return [static("queryscope/panel.js")]

    @property
    def content(self) -> str:
        """Made of what was stored, perhaps by another process; SQL is laid out only now."""
        stats = self.get_stats()
        for part in statements(stats):
            part["sql"] = _laid_out(part["fingerprint"])
        for row in stats.get("slow", ()):
            row["signed"] = row["token"] and self._signed(row["token"])
        return render_to_string(self.template, {"page": stats})

    def _signed(self, token: str) -> str:
        data = {"request_id": self.toolbar.request_id, "token": token}
        return str(SignedDataForm.sign(data))


async def _awaited(response: Awaitable[Any], recording: Recording) -> Any:
    with recording.active():
        made = await response
    recording.close()
    return made


def _stats(
    recording: Recording, request: HttpRequest, response: HttpResponseBase
) -> dict[str, Any]:
    """What is stored of the request; the values of its slow queries stay in this process."""
    settings = get_settings()
    recording.name = endpoint_name(request)
    recording.request = masked_url(request)
    recording.status = response.status_code
    report = inspect(recording.trace, settings=settings, plans={})
    stats = page(recording.trace, report, root=os.getcwd(), slow_ms=settings.slow_query_ms)
    known = recording.workload.queries if settings.explain else ()
    queries = {key(query): query for query in known}
    for row in stats["slow"]:
        query = queries.get((row["database"], row["digest"]))
        row["token"] = explainable.keep(query) if query and query.samples else ""
    if response.streaming:
        stats["notes"].append(_STREAMED)
    return stats


@lru_cache(maxsize=256)
def _laid_out(fingerprint: str) -> str:
    return "\n".join(sql_lines(fingerprint, _COLUMNS, _LINES))
