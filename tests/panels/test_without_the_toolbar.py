"""The toolbar need not be installed, and is not needed by anything but its panel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.any_database
BLOCK = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "debug_toolbar":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""
EVERYTHING = """
import importlib, pkgutil, queryscope
from django.core.management import call_command

for module in pkgutil.walk_packages(queryscope.__path__, "queryscope."):
    if module.name not in ("queryscope.panels", "queryscope.explain_view"):
        importlib.import_module(module.name)
call_command("check", fail_level="WARNING")
print("debug_toolbar" in sys.modules, "selenium" in sys.modules)
"""
SETTINGS = """
from django.conf import settings
from django.urls import NoReverseMatch, reverse
import django
django.setup()
try: url = reverse("djdt:queryscope_explain")
except NoReverseMatch: url = None
print("debug_toolbar" in settings.INSTALLED_APPS, url)
"""


def run(code: str, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", code, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": "sqlite:///:memory:",
            "DJANGO_SETTINGS_MODULE": "sample_project.settings",
            **variables,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("block", [BLOCK, "import sys"], ids=["not installed", "installed"])
def test_everything_but_the_panel_is_imported_without_it(block):
    start = "\nimport django\ndjango.setup()\n"
    assert run(block + start + EVERYTHING) == "False False"


@pytest.mark.any_environment
@pytest.mark.parametrize(
    ("block", "argument", "debug", "expected"),
    [
        ("import sys", "runserver", "1", "True /__debug__/queryscope/explain/"),
        ("import sys", "runserver", "0", "False None"),
        ("import sys", "queryscope", "1", "False None"),
        ("import sys", "migrate", "1", "False None"),
    ],
)
def test_visitors_of_the_sample_project_are_shown_it(block, argument, debug, expected):
    assert run(block + SETTINGS, argument, DEBUG=debug) == expected


@pytest.mark.any_environment
def test_the_sample_project_is_served_without_it():
    hidden = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: name != "debug_toolbar" and found(name, *a) or None
"""
    assert run(hidden + SETTINGS, "runserver") == "False None"
