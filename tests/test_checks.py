from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache.backends.db import DatabaseCache
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.middleware.cache import FetchFromCacheMiddleware

from queryscope.middleware import QueryScopeMiddleware

ROOT = Path(__file__).resolve().parent.parent
OURS = "queryscope.middleware.QueryScopeMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
BACKENDS = "django.core.cache.backends."


class OwnSession(SessionMiddleware):
    pass


class OwnFetch(FetchFromCacheMiddleware):
    pass


class OwnScope(QueryScopeMiddleware):
    pass


class OwnDatabaseCache(DatabaseCache):
    pass


def allow(**entry):
    return {"ALLOW": [{"reason": "x", **entry}]}


def found():
    return run_checks(tags=["queryscope"])


def ids():
    return [message.id.removeprefix("queryscope.") for message in found()]


@pytest.fixture(autouse=True)
def _fine(settings):
    settings.MIDDLEWARE = [SECURITY, OURS, SESSION, AUTH]
    settings.QUERYSCOPE = {}
    settings.CACHES = {"default": {"BACKEND": BACKENDS + "locmem.LocMemCache"}}


def test_nothing_to_say_when_all_is_well():
    assert found() == []


@pytest.mark.parametrize(
    ("options", "expected", "says", "hint"),
    [
        ({"SAMPLE_RAT": 1}, ["E001"], "'SAMPLE_RAT'; did you mean 'SAMPLE_RATE'?", "IGNORE_PATHS"),
        ({"A": 1, "SAMPLE_RATE": 2}, ["E001", "E001"], "no option 'A'", "settings module"),
        (None, ["E001"], "must be a dict, not NoneType", "settings module"),
        ({"CACHE_ALIAS": "x"}, ["E002"], "'x', which is not in CACHES", "Name one of 'default'"),
        ({"CACHE_ALIAS": "x", "KEEP_REPORTS": 0}, [], "", ""),
        ({"SAMPLE_RATE": 0}, ["W006"], "records no request", "QUERYSCOPE['ENABLED'] = False"),
        ({"SAMPLE_RATE": 0, "ENABLED": False}, [], "", ""),
        ({"IGNORE_PATHS": ["static/", "/a/"]}, ["W007"], "'static/'", "'/static/'"),
        ({"ALLOW": [{"app": "a"}]}, ["E001"], "has no 'reason'", "settings module"),
        (allow(app="testap"), ["W008"], "no app 'testap' is installed; did you mean", "Correct"),
        (allow(model="testapp.Buk"), ["W008"], "did you mean 'testapp.Book'?", "Correct"),
        (allow(relation="testapp.Buk.author"), ["W008"], "did you mean 'testapp.Book'?", "away"),
        (allow(relation="testapp.Book.autor"), ["W008"], "did you mean 'author'?", "away"),
        (allow(relation="testapp.Book.author"), [], "", ""),
        (allow(relation="testapp.Author.books", app="testapp"), [], "", ""),
        (allow(relation="testapp.Note.content_object"), [], "", ""),
        (allow(model="testapp.Book"), [], "", ""),
    ],
)
def test_settings(settings, options, expected, says, hint):
    settings.QUERYSCOPE = options
    assert ids() == expected
    assert all(message.hint for message in found())
    for message in found()[:1]:
        assert says in message.msg
        assert hint in message.hint


@pytest.mark.parametrize(
    ("order", "expected", "hint"),
    [
        ([OURS, SECURITY, SESSION, AUTH], [], ""),
        ([GZIP, OURS, SESSION], [], ""),
        ([SESSION, AUTH], [], ""),
        ([], [], ""),
        ([SESSION, OURS, AUTH], ["W002"], f"Move '{OURS}' above '{SESSION}'"),
        ([SECURITY, SESSION, AUTH, OURS], ["W002"], f"above '{SESSION}'"),
        ([f"{__name__}.OwnSession", OURS], ["W002"], f"above '{__name__}.OwnSession'"),
        ([SESSION, f"{__name__}.OwnScope"], ["W002"], f"Move '{__name__}.OwnScope' above"),
        ([UPDATE, OURS, FETCH], ["W003"], f"Move '{OURS}' above '{UPDATE}'"),
        ([OURS, UPDATE, FETCH], [], ""),
        ([f"{__name__}.OwnFetch", OURS], [], ""),
        ([UPDATE, SESSION, OURS], ["W002", "W003"], f"above '{SESSION}'"),
        ([OURS, SESSION, OURS], ["W001"], "remove the others"),
        (["no.such.Middleware", OURS], [], ""),
    ],
)
def test_the_order_of_middleware(settings, order, expected, hint):
    settings.MIDDLEWARE = order
    assert ids() == expected
    for message in found()[:1]:
        assert hint in message.hint


def test_a_stored_header_is_no_matter_when_there_is_none(settings):
    settings.MIDDLEWARE = [UPDATE, OURS]
    settings.QUERYSCOPE = {"SERVER_TIMING": False}
    assert ids() == []


def test_a_wrong_setting_does_not_hide_the_order(settings):
    settings.MIDDLEWARE = [UPDATE, SESSION, OURS]
    settings.QUERYSCOPE = {"X": 1}
    assert sorted(ids()) == ["E001", "W002"]


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (BACKENDS + "locmem.LocMemCache", []),
        (BACKENDS + "db.DatabaseCache", ["W004"]),
        (f"{__name__}.OwnDatabaseCache", ["W004"]),
        (BACKENDS + "dummy.DummyCache", ["W005"]),
        ("no.such.Cache", []),
    ],
)
@pytest.mark.parametrize("keep", [50, 0])
def test_the_cache_of_reports(settings, backend, expected, keep):
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "table"}}
    settings.QUERYSCOPE = {"KEEP_REPORTS": keep}
    assert ids() == (expected if keep else [])


@pytest.mark.parametrize(
    ("options", "middleware", "fails"),
    [({}, [OURS], False), ({"X": 1}, [OURS], True), ({}, [SESSION, OURS], False)],
)
def test_only_what_cannot_work_stops_a_command(settings, capsys, options, middleware, fails):
    settings.QUERYSCOPE = options
    settings.MIDDLEWARE = middleware
    if fails:
        with pytest.raises(SystemCheckError, match=r"queryscope\.E001"):
            call_command("check", tags=["queryscope"])
    else:
        call_command("check", tags=["queryscope"])


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ("", 0, "no issues"),
        ("QUERYSCOPE = {'LOOP_TRESHOLD': 4}", 1, "did you mean 'LOOP_THRESHOLD'?"),
        ("MIDDLEWARE = [*MIDDLEWARE[2:], MIDDLEWARE[1]]", 0, "(queryscope.W002)"),
    ],
)
def test_manage_py_check(tmp_path, lines, code, says):
    (tmp_path / "some_settings.py").write_text(f"from sample_project.settings import *\n{lines}\n")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "DATABASE_URL": "sqlite:///:memory:",
        "DJANGO_SETTINGS_MODULE": "some_settings",
    }
    command = [sys.executable, "manage.py", "check", "--tag", "queryscope"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
