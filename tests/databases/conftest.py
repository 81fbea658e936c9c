from __future__ import annotations

from .harmless import database, other  # noqa: F401
