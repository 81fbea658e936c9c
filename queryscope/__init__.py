"""Find what a Django project's code makes its database do, name the line and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inspection import inspect as inspect
    from .recording import record as record

__version__ = "0.1.0"
__all__ = ["__version__", "inspect", "record"]

_LAZY = {"record": "queryscope.recording", "inspect": "queryscope.inspection"}


def __getattr__(name: str) -> Any:
    # Importing queryscope must not import Django: settings modules may read __version__.
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'queryscope' has no attribute {name!r}")
