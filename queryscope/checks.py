"""System checks: what is wrong with the settings, said before a request is lost to it.

Only what cannot work is an error, since an error keeps ``migrate`` and ``runserver`` from starting;
what merely hides queries or reports is a warning.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string

from .conf import SETTING, Settings, get_settings, problems
from .core.names import nearest
from .core.suppression import Allowance

MIDDLEWARE = "queryscope.middleware.QueryScopeMiddleware"

#: Middleware that may query the database, before or after the view.
_QUERYING = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.RemoteUserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.sites.middleware.CurrentSiteMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
)
#: Middleware that stores whole responses, headers included.
_STORING = ("django.middleware.cache.UpdateCacheMiddleware",)


@register("queryscope")
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001 for each thing wrong in ``QUERYSCOPE``; then what it says is looked at."""
    if wrong := problems(getattr(django_settings, SETTING, {})):
        known = ", ".join(name.upper() for name in Settings.__slots__)
        return [
            Error(
                problem + ".",
                hint=f"Correct it in your settings module. The options are: {known}.",
                id="queryscope.E001",
            )
            for problem in wrong
        ]
    settings = get_settings()
    return [*_check_cache(settings), *_check_values(settings)]


@register("queryscope")
def check_middleware(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Where the middleware stands in ``MIDDLEWARE``."""
    listed = list(django_settings.MIDDLEWARE or ())
    ours = [index for index, path in enumerate(listed) if _is_a(path, (MIDDLEWARE,))]
    if not ours:
        return []
    above, name = listed[: ours[0]], listed[ours[0]]
    return [*_check_repeated(name, len(ours)), *_check_order(name, above)]


def _check_repeated(name: str, times: int) -> Iterator[CheckMessage]:
    if times > 1:
        yield Warning(
            f"{name!r} is listed {times} times in MIDDLEWARE: "
            "every request is recorded and reported as often.",
            hint="Keep the first one and remove the others.",
            id="queryscope.W001",
        )


def _check_order(name: str, above: list[str]) -> Iterator[CheckMessage]:
    querying = [path for path in above if _is_a(path, _QUERYING)]
    if querying:
        yield Warning(
            f"{name!r} stands below {', '.join(map(repr, querying))} in MIDDLEWARE: "
            "their queries are not recorded.",
            hint=f"Move {name!r} above {querying[0]!r}; first in MIDDLEWARE is best.",
            id="queryscope.W002",
        )
    storing = [path for path in above if _is_a(path, _STORING)]
    if storing and _adds_header():
        yield Warning(
            f"{name!r} stands below {storing[0]!r} in MIDDLEWARE: the cache stores its "
            "Server-Timing header and sends old figures with every hit.",
            hint=f"Move {name!r} above {storing[0]!r}, or set {SETTING}['SERVER_TIMING'] = False.",
            id="queryscope.W003",
        )


def _adds_header() -> bool:
    wrong = problems(getattr(django_settings, SETTING, {}))
    return not wrong and get_settings().server_timing


def _check_cache(settings: Settings) -> Iterator[CheckMessage]:
    if not settings.keep_reports:
        return
    alias = settings.cache_alias
    if alias not in django_settings.CACHES:
        known = ", ".join(map(repr, django_settings.CACHES))
        yield Error(
            f"{SETTING}['CACHE_ALIAS'] is {alias!r}, which is not in CACHES.",
            hint=f"Name one of {known}, or set {SETTING}['KEEP_REPORTS'] = 0.",
            id="queryscope.E002",
        )
        return
    backend = str(django_settings.CACHES[alias].get("BACKEND", ""))
    kind = _imported(backend)
    instead = (
        f"Name another cache in {SETTING}['CACHE_ALIAS'], or set {SETTING}['KEEP_REPORTS'] = 0"
    )
    if _is_subclass(kind, BaseDatabaseCache):
        yield Warning(
            f"The cache {alias!r} is kept in the database ({backend}): reports are not kept, "
            "because queryscope does not query the database it reports on.",
            hint=instead + " to say that this is intended.",
            id="queryscope.W004",
        )
    elif _is_subclass(kind, DummyCache):
        yield Warning(
            f"The cache {alias!r} stores nothing ({backend}): reports are not kept.",
            hint=instead + " to say that this is intended.",
            id="queryscope.W005",
        )


def _check_values(settings: Settings) -> Iterator[CheckMessage]:
    listed = any(_is_a(path, (MIDDLEWARE,)) for path in django_settings.MIDDLEWARE or ())
    if listed and settings.enabled and settings.sample_rate == 0:
        yield Warning(
            f"{SETTING}['SAMPLE_RATE'] is 0: the middleware records no request.",
            hint=f"Give the share of requests to record, such as 0.1 for a tenth; to switch the "
            f"middleware off, set {SETTING}['ENABLED'] = False.",
            id="queryscope.W006",
        )
    for path in settings.ignore_paths:
        if not path.startswith("/"):
            yield Warning(
                f"{SETTING}['IGNORE_PATHS'] has {path!r}, which no path of a request begins with.",
                hint=f"Begin it with a slash: {'/' + path!r}.",
                id="queryscope.W007",
            )
    for allowance in settings.allow:
        if unknown := unknown_label(allowance):
            yield Warning(
                f"{SETTING}['ALLOW'][{allowance.index}] allows nothing: {unknown}.",
                hint="Correct the name, or take the entry away.",
                id="queryscope.W008",
            )


def unknown_label(allowance: Allowance) -> str:
    """Which app, model or relation of an entry the project does not have; "" when it has all."""
    if allowance.app and allowance.app not in apps.app_configs:
        return f"no app {allowance.app!r} is installed{nearest(allowance.app, apps.app_configs)}"
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    owner, _, name = allowance.relation.rpartition(".")
    for label in filter(None, (allowance.model, owner)):
        if label not in models:
            return f"no model {label!r} is installed{nearest(label, models)}"
    if name and name not in dir(models[owner]):
        return f"{owner} has no {name!r}{nearest(name, dir(models[owner]))}"
    return ""


def _is_a(path: str, names: tuple[str, ...]) -> bool:
    """Whether a dotted path names one of the classes, or a subclass of one."""
    if path in names:
        return True
    kind = _imported(path)
    if not inspect.isclass(kind):
        return False
    return any(f"{base.__module__}.{base.__qualname__}" in names for base in kind.__mro__)


def _is_subclass(kind: Any, base: type) -> bool:
    return inspect.isclass(kind) and issubclass(kind, base)


def _imported(path: str) -> Any:
    try:
        return import_string(path)
    except Exception:  # what does not import is for Django to complain about
        return None
