"""An exception in one line: where it came from, and no value of a row."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection

from queryscope import record
from queryscope.audit.failures import told
from tests.testapp.models import Author, Country

pytestmark = pytest.mark.django_db
HERE = "tests/audit/test_failures.py"
SECRET = "anna@example.com"


def duplicated() -> None:
    Author.objects.create(name="A", email=SECRET)
    Author.objects.create(name="B", email=SECRET)


def misspelt() -> None:
    Author.objects.raw(f"SELECT nothing FROM testapp_author WHERE name = '{SECRET}'")[0]


def misread() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%s AS integer) + missing", [SECRET])


def wrapped() -> None:
    try:
        duplicated()
    except DatabaseError as error:
        raise RuntimeError(f"not saved: {error}") from error


def caught(function: Callable[[], Any]) -> BaseException:
    with record(), pytest.raises(Exception) as info:  # noqa: PT011  (each raises its own)
        function()
    return info.value


@pytest.mark.parametrize("function", [duplicated, misspelt, misread, wrapped])
def test_no_value_of_a_database_error(function: Callable[[], Any]) -> None:
    assert SECRET not in told(caught(function))


def test_the_line_of_the_project_is_named_not_the_hook_of_the_recording() -> None:
    line = duplicated.__code__.co_firstlineno + 2
    assert told(caught(duplicated)).endswith(f" ({HERE}:{line})")


def below(error: BaseException, frames: int) -> BaseException:
    """The exception as if only the frames below so many had been there."""
    trace = error.__traceback__
    for _ in range(frames):
        assert trace is not None
        trace = trace.tb_next
    return error.with_traceback(trace)


def test_without_the_project_the_librarys_line_is_named() -> None:
    error = below(caught(lambda: Country().save(force_update=True, force_insert=True)), 2)
    assert "django/db/models/base.py:" in told(error)


def test_without_the_project_the_installed_apps_line_comes_first(
    tmp_path: Path, monkeypatch: Any, settings: Any
) -> None:
    package = tmp_path / "site-packages" / "foreign_app"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import json\ndef fail():\n    json.loads('{')\n")
    monkeypatch.syspath_prepend(package.parent)
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "foreign_app"]
    foreign_app = importlib.import_module("foreign_app")
    error = below(caught(lambda: foreign_app.fail()), 2)
    assert told(error).endswith(" (foreign_app/__init__.py:3)")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("secret"), "ValueError: secret"),
        (ValueError("a\n  b"), "ValueError: a b"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 999), "ValueError: " + "x" * 197 + "..."),
        (Unspeakable(), "Unspeakable"),
    ],
)
def test_text(error: BaseException, text: str) -> None:
    assert told(error) == text
