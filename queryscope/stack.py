"""Reads the call stack of a running query: which frames belong to whom, and where to stop.

``walk`` runs once for each query and is the dearest part of recording one, so it only compares
file names and qualified names that are remembered from the first time they were seen; a file name
keys the cache because its hash is kept by the string, while hashing a code object is not free.
Private names of Django appear here as strings only: one that a new release renames costs a label.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType
from typing import Any

from .awaiting import awaiting

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
BOUNDARY = 10  # the server calls the view: what lies above is not the cause

USER = 0  # code of the project
NOTHING = -1
OTHER_APP = -2  # code of an installed app that is neither the project's nor a framework's
_LIBRARY_SITES = frozenset({TEMPLATE, SERIALIZER, ADMIN})
_ANCHORS = {TEMPLATE: "self", SERIALIZER: "field"}

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
}

_PACKAGE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "")
_getframe = sys._getframe
#: File name -> USER, OTHER_APP, its roles, or None for a library without any.
_files: dict[str, dict[str, int] | int | None] = {}
#: Apps that carry requests rather than answer them: their lines explain nothing.
_FRAMEWORKS = ("django.", "rest_framework", "queryscope", "debug_toolbar", "silk")
_UNSEEN: dict[str, int] = {}


def forget(*, setting: str, **kwargs: Any) -> None:
    """Classify files anew when a setting that says whose code is whose changes."""
    if setting not in ("QUERYSCOPE", "INSTALLED_APPS", "ROOT_URLCONF"):
        return
    _files.clear()
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


@lru_cache(maxsize=4096)
def is_application(filename: str) -> bool:
    """Whether a file is code of the project: neither a library nor made up by one."""
    if filename.startswith("<"):
        return filename.startswith(("<stdin>", "<console>", "<ipython", "<python-input"))
    path = os.path.realpath(filename)
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
    """Remember and return what the frames of a file mean; see ``_files``."""
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
    _files[filename] = meaning
    return meaning


class Sight:
    """What one walk found, with depths counted from the frame it began at.

    The same depths lead to the same frames when the query runs again, without walking: a match of
    the site, the holder and the statement is the same query from the same place.
    """

    __slots__ = (
        "anchor",
        "generic_depth",
        "group",
        "holder_code",
        "holder_depth",
        "kind",
        "lasti",
        "prefetch_depth",
        "role",
        "site",
        "site_code",
        "site_depth",
    )

    def __init__(self) -> None:
        #: The group that the recording counts this sight in.
        self.group: Any = None
        self.site: Any = None
        # The node or field of the site: the same object is the same site, without asking its name.
        self.anchor: Any = None
        self.kind = BOUNDARY
        self.lasti = 0
        self.site_code: CodeType | None = None
        self.site_depth = -1
        self.role = 0
        self.holder_code: CodeType | None = None
        self.holder_depth = -1
        self.prefetch_depth = -1
        self.generic_depth = -1

    def matches(self, above: int) -> bool:
        """Whether the running query is this one; its walk would begin at depth ``above``."""
        if self.site_depth < 0:
            return False
        try:
            frame = _getframe(self.site_depth + above)
            if frame.f_code is not self.site_code:
                return False
            if self.kind == USER:
                if frame.f_lasti != self.lasti:
                    return False
            elif not self._same_site(frame):
                return False
            depth = self.holder_depth
            return depth < 0 or _getframe(depth + above).f_code is self.holder_code
        except ValueError:
            return False

    def _same_site(self, frame: FrameType) -> bool:
        name = _ANCHORS.get(self.kind)
        if name is not None and frame.f_locals.get(name) is self.anchor:
            return True
        return bool(_library_site(frame, self.kind) == self.site)


def walk(frame: FrameType | None) -> Sight:
    """Go up from a query to the place that caused it.

    The place is the first frame of the project, the template node, the serializer's field or the
    changelist's column, whichever is nearest to the query.
    """
    sight = Sight()
    waiting: Iterator[FrameType] | None = None
    other_app: FrameType | None = None
    depth = 0
    while frame is not None:
        code = frame.f_code
        meaning = _files.get(code.co_filename, _UNSEEN)
        if meaning is _UNSEEN:
            meaning = classify(code.co_filename)
        if meaning is not None:
            found = meaning if type(meaning) is int else meaning.get(code.co_qualname, NOTHING)  # type: ignore[union-attr]
            if found == USER or found in _LIBRARY_SITES:
                _settle_on(sight, frame, found)
                sight.site_depth = depth if waiting is None else -1
                return sight
            if found == BOUNDARY:
                # No depth: servers wrap each middleware alike, so that depths coincide.
                _settle_on(sight, other_app or frame, USER if other_app else BOUNDARY)
                return sight
            if found == OTHER_APP:
                other_app = other_app or frame
            _note(sight, found, code, depth)
            if found == THREAD:
                waiting = awaiting(frame)
        frame = frame.f_back if waiting is None else next(waiting, None)
        depth += 1
    if other_app is not None:
        _settle_on(sight, other_app, USER)
    return sight


def _settle_on(sight: Sight, frame: FrameType, found: int) -> None:
    sight.kind, sight.site_code, sight.lasti = found, frame.f_code, frame.f_lasti
    sight.site = _site(frame, found)
    if found in _ANCHORS:
        sight.anchor = frame.f_locals.get(_ANCHORS[found])


def _note(sight: Sight, found: int, code: CodeType, depth: int) -> None:
    if found in (FETCH, ITERATE, AGGREGATE):
        # A queryset filling its cache says more than the iterable it runs to do so.
        inner = sight.role == ITERATE and found == FETCH and sight.prefetch_depth < 0
        if sight.holder_depth < 0 or inner:
            sight.role, sight.holder_code, sight.holder_depth = found, code, depth
    elif found == PREFETCH and sight.prefetch_depth < 0:
        sight.prefetch_depth = depth
    elif found == GENERIC and sight.generic_depth < 0:
        sight.generic_depth = depth


if sys.version_info >= (3, 13):

    def _instruction(frame: FrameType) -> Any:
        return frame.f_lasti

else:

    def _instruction(frame: FrameType) -> Any:
        """Where in its source a frame is.

        Before Python 3.13 ``f_lasti`` of one and the same call changes once the interpreter has
        specialised it, while its position in the source does not.
        """
        return next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)


def _site(frame: FrameType, found: int) -> Any:
    if found == USER:
        return id(frame.f_code), _instruction(frame)
    if found == BOUNDARY:
        return id(frame.f_code)
    return _library_site(frame, found)


def _library_site(frame: FrameType, found: int) -> Any:
    values = frame.f_locals
    if found == TEMPLATE:
        node = values["self"]
        origin, token = getattr(node, "origin", None), getattr(node, "token", None)
        return getattr(origin, "name", None), getattr(token, "lineno", 0)
    if found == SERIALIZER:
        field = values.get("field")
        return type(values["self"]), getattr(field, "field_name", None)
    return type(values["cl"].model_admin), str(values.get("field_name"))


#: A frame and its role.
Step = tuple[FrameType, int]


def chain(frame: FrameType | None) -> list[Step]:
    """Every frame from a query up to the boundary, with its role."""
    steps: list[Step] = []
    waiting: Iterator[FrameType] | None = None
    while frame is not None:
        code = frame.f_code
        meaning = _files.get(code.co_filename, _UNSEEN)
        if meaning is _UNSEEN:
            meaning = classify(code.co_filename)
        found = NOTHING
        if meaning is not None:
            found = meaning if type(meaning) is int else meaning.get(code.co_qualname, NOTHING)  # type: ignore[union-attr]
        steps.append((frame, found))
        if found == BOUNDARY:
            break
        if found == THREAD:
            waiting = awaiting(frame)
        frame = frame.f_back if waiting is None else next(waiting, None)
    return steps


def signature(steps: list[Step]) -> int:
    """A hash of a whole chain of calls.

    Two queries with the same one came from an instruction that ran twice: a loop.
    """
    path: list[Any] = []
    for frame, role in steps:
        path += id(frame.f_code), _instruction(frame)
        if role in _LIBRARY_SITES:
            path.append(_library_site(frame, role))
    return hash(tuple(path))
