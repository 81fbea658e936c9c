"""Whose code a frame is, and what the functions of known libraries mean to a query below them.

A file is classified once; its name keys the answer, because a string keeps its hash while hashing a
code object is not free. Private names of Django appear as strings only: one that a new release
renames costs a label, never a count.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache
from typing import Any

# What a frame of a known library means to the walk.
FETCH = 1  # a queryset fills its result cache; local `self` is the queryset
ITERATE = 2  # an iterable runs a queryset; local `self.queryset`
AGGREGATE = 3  # count(), exists(), aggregate(); local `self` is the queryset
PREFETCH = 4  # locals `instances`, `lookup`, `level`
GENERIC = 5  # a generic foreign key is read; local `instance`
TEMPLATE = 6  # a template node renders; local `self` is the node
SERIALIZER = 7  # a serializer writes an object; locals `self` and `field`
ADMIN = 8  # the changelist writes a row; locals `cl` and `field_name`
THREAD = 9  # sync code run for a coroutine that waits elsewhere
BOUNDARY = 10  # the server calls the view, or pytest the test: what lies above is not the cause

USER = 0  # code of the project
NOTHING = -1
OTHER_APP = -2  # code of an installed app that is neither the project's nor a framework's
LIBRARY_SITES = frozenset({TEMPLATE, SERIALIZER, ADMIN})

_QUERY = {
    "QuerySet._fetch_all": FETCH,
    "RawQuerySet._fetch_all": FETCH,
    "ModelIterable.__iter__": ITERATE,
    "RawModelIterable.__iter__": ITERATE,
    "ValuesIterable.__iter__": ITERATE,
    "ValuesListIterable.__iter__": ITERATE,
    "FlatValuesListIterable.__iter__": ITERATE,
    "QuerySet.count": AGGREGATE,
    "QuerySet.exists": AGGREGATE,
    "QuerySet.aggregate": AGGREGATE,
    "prefetch_one_level": PREFETCH,
}
#: End of a file's path -> qualified names of functions in it that mean something to the walk.
_ROLES: dict[str, dict[str, int]] = {
    "django/db/models/query.py": _QUERY,
    "django/contrib/contenttypes/fields.py": {
        "GenericForeignKey.__get__": GENERIC,
        "GenericForeignKeyDescriptor.__get__": GENERIC,
    },
    "django/template/base.py": {"Node.render_annotated": TEMPLATE},
    "rest_framework/serializers.py": {"Serializer.to_representation": SERIALIZER},
    "django/contrib/admin/templatetags/admin_list.py": {"items_for_result": ADMIN},
    "asgiref/sync.py": {"SyncToAsync.thread_handler": THREAD},
    "django/core/handlers/base.py": {
        "BaseHandler._get_response": BOUNDARY,
        "BaseHandler._get_response_async": BOUNDARY,
    },
    "django/core/handlers/exception.py": {"convert_exception_to_response.<locals>.inner": BOUNDARY},
    "django/core/management/base.py": {"BaseCommand.execute": BOUNDARY},
    "_pytest/python.py": {"pytest_pyfunc_call": BOUNDARY},
    "unittest/case.py": {"TestCase._callTestMethod": BOUNDARY},
    "unittest/async_case.py": {"IsolatedAsyncioTestCase._callTestMethod": BOUNDARY},
}

_PACKAGE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "")
#: File name -> USER, OTHER_APP, its roles, or None for a library without any.
FILES: dict[str, dict[str, int] | int | None] = {}
#: Apps that carry requests rather than answer them: their lines explain nothing.
_FRAMEWORKS = ("django.", "rest_framework", "queryscope", "debug_toolbar", "silk")


def forget(*, setting: str, **kwargs: Any) -> None:
    """Classify files anew when a setting that says whose code is whose changes."""
    if setting not in ("QUERYSCOPE", "INSTALLED_APPS", "ROOT_URLCONF"):
        return
    FILES.clear()
    application_paths.cache_clear()
    is_application.cache_clear()


@lru_cache(maxsize=1)
def library_paths() -> tuple[str, ...]:
    """Folders whose code is nobody's application: the standard library, Django, asgiref."""
    import asgiref
    import django

    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths.update(os.path.dirname(str(package.__file__)) for package in (asgiref, django))
    return tuple(os.path.join(os.path.realpath(path), "") for path in paths if path)


@lru_cache(maxsize=1)
def application_paths() -> tuple[str, ...]:
    """Folders that are application code although they may be installed as packages.

    They are those the settings name, and the packages of the root URLconf and of the settings.
    """
    from django.conf import settings

    from .conf import get_settings

    paths = [os.path.realpath(path) for path in get_settings().application_paths]
    for name in ("ROOT_URLCONF", "SETTINGS_MODULE"):
        package = sys.modules.get(str(getattr(settings, name, None)).partition(".")[0])
        file = getattr(package, "__file__", None)
        if file and os.path.basename(file) == "__init__.py":
            paths.append(os.path.dirname(os.path.realpath(file)))
    return tuple(os.path.join(path, "") for path in paths)


#: By itself, because settings that change leave paths as they are.
_real_path = lru_cache(maxsize=4096)(os.path.realpath)


@lru_cache(maxsize=4096)
def is_application(filename: str) -> bool:
    """Whether a file is code of the project: neither a library nor made up by one."""
    if filename.startswith("<"):
        return filename.startswith(("<stdin>", "<console>", "<ipython", "<python-input"))
    path = _real_path(filename)
    if path.startswith(_PACKAGE):
        return False
    if path.startswith(application_paths()):
        return True
    if not {"site-packages", "dist-packages"}.isdisjoint(path.split(os.sep)):
        return False
    return not path.startswith(library_paths())


def _is_other_app(filename: str) -> bool:
    from django.apps import apps

    return any(
        filename.startswith(os.path.join(config.path, ""))
        for config in apps.get_app_configs()
        if not config.name.startswith(_FRAMEWORKS)
    )


def classify(filename: str) -> dict[str, int] | int | None:
    """Remember and return what the frames of a file mean; see ``FILES``."""
    normal = filename.replace(os.sep, "/")
    meaning: dict[str, int] | int | None = None
    for suffix, roles in _ROLES.items():
        if normal.endswith(suffix):
            meaning = roles
            break
    else:
        if is_application(filename):
            meaning = USER
        elif _is_other_app(filename):
            meaning = OTHER_APP
    FILES[filename] = meaning
    return meaning
