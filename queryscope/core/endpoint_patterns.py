"""Endpoints as settings name them: "GET /api/projects/", "/api/projects/" or "/api/*"."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable


def names_of(endpoint: str) -> tuple[str, str]:
    """What "GET /api/projects/" may be named by: itself, and its route for all methods."""
    return endpoint, endpoint.partition(" ")[2] or endpoint


def fits(names: Iterable[str], pattern: str) -> bool:
    """Whether a pattern fits any of the names."""
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def is_named(endpoint: str, patterns: Iterable[str]) -> bool:
    """Whether one of the names or patterns is of this endpoint."""
    names = names_of(endpoint)
    return any(pattern in names or fits(names, pattern) for pattern in patterns)
