"""What a request is called in a report: its endpoint, and its URL without a visitor's values."""

from __future__ import annotations

import functools
from typing import Any

from django.http import HttpRequest
from django.utils.encoding import escape_uri_path

from .core.masking import masked_path, masked_query, masked_steps
from .core.url_patterns import readable

_LONGEST_URL = 500


def endpoint_name(request: HttpRequest) -> str:
    """Method and route: "GET /api/projects/{pk}/"; "GET (no route)" where no URL matched."""
    match = request.resolver_match
    if match is None:
        return f"{request.method} (no route)"
    names = tuple(sorted(_captured(request)))
    return f"{request.method} {_readable(match.route or '', names)}"


def masked_url(request: HttpRequest) -> str:
    """The URL as it may be stored: what a visitor put into it is ``*`` unless it is harmless.

    Built from the route rather than from the path, so that nothing the route does not say is kept.
    """
    match = request.resolver_match
    if match is None:
        path = masked_steps(request.path)
    else:
        named = _captured(request)
        values = named or {str(index): value for index, value in enumerate(match.args)}
        route = _readable(match.route or "", tuple(sorted(named)))
        path = request.path.removesuffix(request.path_info) + masked_path(route, values)
    query = masked_query(request.META.get("QUERY_STRING", ""))
    url = escape_uri_path(path) + (f"?{query}" if query else "")
    return url if len(url) <= _LONGEST_URL else url[:_LONGEST_URL] + "…"


def _captured(request: HttpRequest) -> dict[str, Any]:
    """What the URL itself gave the view, without the extra arguments of the URLconf."""
    return getattr(request.resolver_match, "captured_kwargs", None) or {}


_readable = functools.lru_cache(maxsize=1_024)(readable)
