"""The ``QUERYSCOPE`` setting -> one frozen :class:`Settings`, cached until settings change."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from .core.budget_settings import Limits, budget_problems, limits_of, problems_by_route
from .core.endpoint_patterns import is_named
from .core.suppression import Allowance, entry_problems

SETTING = "QUERYSCOPE"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every option of the ``QUERYSCOPE`` dict, in lower case; the README explains them."""

    enabled: bool = True
    sample_rate: float = 1.0
    ignore_paths: tuple[str, ...] = ("/static/", "/media/", "/favicon.ico", "/__debug__/")
    n_plus_one_threshold: int = 2
    loop_threshold: int = 3
    duplicate_threshold: int = 2
    unbounded_rows: int = 1_000
    slow_query_ms: float = 100.0
    explain: bool = True
    explain_seconds_per_minute: float = 5.0
    what_if: str = "auto"
    query_budget: Limits = field(default_factory=dict)
    query_budgets: Mapping[str, Limits] = field(default_factory=dict)
    unordered: tuple[str, ...] = ()
    round_trip_ms: float = 1.0
    application_paths: tuple[str, ...] = ()
    server_timing: bool = True
    log_interval_s: int = 3600
    keep_reports: int = 50
    cache_alias: str = "default"
    allow: tuple[Allowance, ...] = ()
    baseline: str = "queryscope-baseline.json"


_CHOICES = {"what_if": ("auto", "real", "hypopg", "none")}
_LOWER_BOUNDS = {
    "n_plus_one_threshold": 2,
    "loop_threshold": 2,
    "duplicate_threshold": 2,
    "unbounded_rows": 1,
    "slow_query_ms": 0,
    "explain_seconds_per_minute": 0,
    "round_trip_ms": 0,
    "sample_rate": 0,
    "log_interval_s": 0,
    "keep_reports": 0,
}


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The project's settings. Raises ImproperlyConfigured naming every option that is wrong."""
    values = getattr(django_settings, SETTING, {})
    found = problems(values)
    if found:
        raise ImproperlyConfigured("; ".join(found))
    return Settings(**{name.lower(): _freeze(name, value) for name, value in values.items()})


def is_unordered(settings: Settings, endpoint: str) -> bool:
    """Whether the rows of "GET /api/projects/" may come in any order, as ``UNORDERED`` says."""
    return is_named(endpoint, settings.unordered)


def problems(values: Any) -> list[str]:
    """One sentence for each thing wrong in a ``QUERYSCOPE`` dict; empty when all is well."""
    if not isinstance(values, Mapping):
        return [f"{SETTING} must be a dict, not {type(values).__name__}"]
    fields = {f.name.upper(): f for f in dataclasses.fields(Settings)}
    found = []
    for name, value in values.items():
        if name not in fields:
            near = difflib.get_close_matches(str(name).upper(), fields, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            found.append(f"{SETTING} has no option {name!r}{hint}")
        elif name in _PROBLEMS:
            found.extend(f"{SETTING}[{name!r}]{problem}" for problem in _PROBLEMS[name](value))
        elif wrong := _wrong_value(str(fields[name].type), name.lower(), value):
            found.append(f"{SETTING}[{name!r}] {wrong}")
    return found


def _wrong_entries(entries: Any) -> Iterable[str]:
    if not isinstance(entries, (list, tuple)):
        return [f" must be a list of dicts, not {entries!r}"]
    return [
        f"[{index}]{problem}"
        for index, entry in enumerate(entries)
        for problem in entry_problems(entry)
    ]


#: Options that are more than one value: what is wrong is said to be read after the option's name.
_PROBLEMS: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "ALLOW": _wrong_entries,
    "QUERY_BUDGET": budget_problems,
    "QUERY_BUDGETS": problems_by_route,
}


def _wrong_value(kind: str, name: str, value: Any) -> str | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "bool" and not isinstance(value, bool):
        return f"must be True or False, not {value!r}"
    if kind == "float" and not number:
        return f"must be a number, not {value!r}"
    if kind == "int" and not (number and isinstance(value, int)):
        return f"must be a whole number, not {value!r}"
    if name in _CHOICES and value not in _CHOICES[name]:
        return f"must be one of {', '.join(map(repr, _CHOICES[name]))}, not {value!r}"
    if kind == "str" and not (isinstance(value, str) and value):
        return f"must be a string that is not empty, not {value!r}"
    if kind.startswith("tuple") and not (
        isinstance(value, (list, tuple)) and all(isinstance(item, str) and item for item in value)
    ):
        return f"must be a list of strings that are not empty, not {value!r}"
    if number and not math.isfinite(value):
        return f"must be a finite number, not {value!r}"
    if number and name in _LOWER_BOUNDS and value < _LOWER_BOUNDS[name]:
        return f"must be at least {_LOWER_BOUNDS[name]}, not {value!r}"
    if name == "sample_rate" and value > 1:
        return f"must be between 0 and 1, not {value!r}"
    return None


def _freeze(name: str, value: Any) -> Any:
    if name == "ALLOW":
        return tuple(Allowance.of(index, entry) for index, entry in enumerate(value))
    if name == "QUERY_BUDGET":
        return limits_of(value)
    if name == "QUERY_BUDGETS":
        return {route: limits_of(budget) for route, budget in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _clear(*, setting: str, **kwargs: Any) -> None:
    if setting == SETTING:
        get_settings.cache_clear()


setting_changed.connect(_clear, dispatch_uid="queryscope.conf")
