"""Whose a frame is in a test run: the application's, or the tests' and their factories'."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from types import FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple
from unittest import TestCase

from ..awaiting import awaiting
from ..roles import FILES, LIBRARY_SITES, classify, is_application

_FOLDERS = frozenset({"test", "tests"})
#: "test_views.py", "views_test.py", "tests.py", "testutils.py", "testing.py", "factories.py".
_NAME = re.compile(
    r"(test_.*|.*_tests?|tests?|conftest|testing|factories"
    r"|test(ing)?_?(base|cases?|data|factories|fixtures|helpers?|lib|mixins?|support|tools|utils?))"
    r"\.py"
)
_FACTORIES = frozenset(
    {"factory", "model_bakery", "mixer", "pytest_factoryboy", "ddf", "django_dynamic_fixture"}
    | {"autofixture"}
)
_PYTEST = frozenset({"pytest", "_pytest"})
#: Libraries that a test calls to have rows, or to have something called: theirs is no call.
_CARRIERS = (
    *("django.contrib.auth.", "django.contrib.contenttypes.", "django.core.management."),
    *("django.db.", "django.dispatch.", "django.test.", "rest_framework.test.", "asgiref."),
    *("queryscope.", "_pytest.", "pytest.", "pytest_", "pluggy."),
)
_CARRIER, _LIBRARY, _SITES, _APPLICATION, _TESTS, _FACTORY, _THREADS = range(7)


class Around(NamedTuple):
    """The code around a query.

    ``call`` is the outermost frame below the code of tests, whoever's it is; None where that asks
    by itself. ``reached`` tells that code or a template of the application is part of it. ``test``
    is the test code's frame, None where there is none, as in threads and in factories.
    """

    call: FrameType | None
    reached: bool
    test: FrameType | None


class TestCode:
    """The files of a project below ``root`` that are its tests."""

    __test__ = False

    def __init__(self, root: str) -> None:
        named = os.path.basename(root) in _FOLDERS
        whole = not named or os.path.exists(os.path.join(root, "manage.py"))
        self._root = os.path.join(root if whole else os.path.dirname(root), "")
        self._kinds: dict[str, int] = {}
        #: Files that are test code whatever their name is.
        self.files: set[str] = set()

    def add(self, files: Iterable[str]) -> None:
        """Collected modules are test code whatever they are called."""
        for file in files:
            self.files.add(file)
            self._kinds[file] = _TESTS

    def holds(self, file: str) -> bool:
        """Whether a file is test code, as far as its name or a frame has told."""
        return file in self.files or self._is_named_so(file)

    def owns(self, frame: FrameType) -> bool:
        """Whether a frame that was looked at is code of the application."""
        return self._kinds.get(frame.f_code.co_filename) == _APPLICATION

    def around(self, frame: FrameType | None) -> Around:
        """The call of the application that a query belongs to."""
        call: FrameType | None = None
        reached = False
        waiting: Iterator[FrameType] | None = None
        kinds = self._kinds
        while frame is not None:
            kind = kinds.get(frame.f_code.co_filename)
            if kind is None:
                kind = self._classify(frame)
            if kind == _APPLICATION:
                call, reached = frame, True
            elif kind == _LIBRARY:
                call = frame
            elif kind == _SITES:
                call = frame
                reached = reached or _is_site(frame)
            elif kind == _TESTS:
                return Around(call, reached, frame)
            elif kind == _FACTORY:
                break
            elif kind == _THREADS and frame.f_code.co_qualname == "SyncToAsync.thread_handler":
                waiting = awaiting(frame)
            frame = frame.f_back if waiting is None else next(waiting, None)
        return Around(call, reached, None)

    def name_of(self, call: FrameType, query: FrameType | None) -> str | None:
        """ "shop.orders.close_all": the outermost function, view or template of the application.

        None where there is none yet between a call and its query.
        """
        frames: list[FrameType] = []
        while query is not None and query is not call:
            frames.append(query)
            query = query.f_back
        for frame in (call, *reversed(frames)):
            if self.owns(frame):
                name = frame.f_code.co_qualname.replace(".<locals>", "")
                return f"{frame.f_globals.get('__name__', '?')}.{name}"
            if known := self._class_of(frame) or template_of(frame):
                return known
        return None

    def _class_of(self, frame: FrameType) -> str | None:
        """The class of the application whose method a library has, as a generic view's."""
        names = frame.f_locals
        owner = names.get("cls", type(names.get("self")))
        if not issubclass(type(owner), type):
            return None
        file = getattr(sys.modules.get(owner.__module__), "__file__", None)
        if file is None or self.holds(file) or not is_application(file):
            return None
        return f"{owner.__module__}.{owner.__qualname__}"

    def _classify(self, frame: FrameType) -> int:
        file = frame.f_code.co_filename
        module = str(frame.f_globals.get("__name__"))
        if module == "asgiref.sync":
            kind = _THREADS
        elif module.partition(".")[0] in _FACTORIES:
            kind = _FACTORY
        elif is_application(file):
            tests = self.holds(file) or _makes_rows(frame.f_globals)
            kind = _TESTS if tests else _APPLICATION
            if tests:
                self.files.add(file)
        elif _carries(module) or file.startswith("<"):
            kind = _CARRIER
        else:
            kind = _SITES if isinstance(classify(file), dict) else _LIBRARY
        self._kinds[file] = kind
        return kind

    def _is_named_so(self, file: str) -> bool:
        if _NAME.fullmatch(os.path.basename(file)):
            return True
        if not file.startswith(self._root):
            return False
        below = file[len(self._root) :].replace(os.sep, "/").split("/")[:-1]
        return not _FOLDERS.isdisjoint(below)


def _carries(module: str) -> bool:
    return f"{module}.".startswith(_CARRIERS) or module.partition(".")[0] in sys.stdlib_module_names


def template_of(frame: FrameType) -> str | None:
    """The name of the template that a frame of Django renders a part of."""
    if not _is_site(frame):
        return None
    origin = getattr(frame.f_locals.get("self"), "origin", None)
    name = getattr(origin, "template_name", None)
    return name if isinstance(name, str) else None


def _is_site(frame: FrameType) -> bool:
    roles = FILES.get(frame.f_code.co_filename)
    return isinstance(roles, dict) and roles.get(frame.f_code.co_qualname) in LIBRARY_SITES


def _makes_rows(names: dict[str, Any]) -> bool:
    """Whether a module is of tests by what it defines or imports: pytest, test cases, factories."""
    return any(_is_of_tests(value) for value in list(names.values()))


def _is_of_tests(value: Any) -> bool:
    # What a lazy object is one does not ask the object: it would be set up for that.
    kind = type(value)
    if issubclass(kind, type):
        bases = value.__mro__
    else:
        bases = (value,) if kind in (FunctionType, ModuleType) else kind.__mro__
    for base in bases:
        name = getattr(base, "__module__", None) or getattr(base, "__name__", None)
        if isinstance(name, str) and name.partition(".")[0] in _FACTORIES | _PYTEST:
            return True
    return any(base is TestCase for base in bases)
