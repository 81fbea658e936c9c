"""What tests say of their queries: a budget, no N+1s; for pytest, unittest and Django's runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .budgets import budget as budget
    from .cases import QueryScopeMixin as QueryScopeMixin
    from .n_plus_one import assert_no_n_plus_one as assert_no_n_plus_one
    from .runner import QueryScopeRunner as QueryScopeRunner
    from .runner import QueryScopeRunnerMixin as QueryScopeRunnerMixin

__all__ = [
    "QueryScopeMixin",
    "QueryScopeRunner",
    "QueryScopeRunnerMixin",
    "assert_no_n_plus_one",
    "budget",
]

_LAZY = {
    "QueryScopeMixin": "cases",
    "QueryScopeRunner": "runner",
    "QueryScopeRunnerMixin": "runner",
    "assert_no_n_plus_one": "n_plus_one",
    "budget": "budgets",
}


def __getattr__(name: str) -> Any:
    # Importing it must not import Django: pytest loads it before there are settings.
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
