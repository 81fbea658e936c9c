"""The sample project's settings on the databases of a test run.

``QUERYSCOPE_TEST_VENDOR`` is ``sqlite`` (the default) or ``postgresql``: then on the server that
``QUERYSCOPE_TEST_DATABASE_URL`` names, else on an embedded one that lives as long as the run.
"""

from __future__ import annotations

import atexit
import os

from sample_project import database_url


def _url(vendor: str) -> str:
    if vendor == "sqlite":
        return "sqlite:///:memory:"
    if vendor != "postgresql":
        raise ValueError(f"QUERYSCOPE_TEST_VENDOR: {vendor!r} is neither sqlite nor postgresql")
    if "QUERYSCOPE_TEST_DATABASE_URL" not in os.environ:
        from sample_project import postgres

        server = postgres.temporary().start()
        atexit.register(server.destroy)
        # For pytest-xdist's workers, which read these settings too.
        os.environ["QUERYSCOPE_TEST_DATABASE_URL"] = server.url
    return os.environ["QUERYSCOPE_TEST_DATABASE_URL"]


VENDOR = os.environ.get("QUERYSCOPE_TEST_VENDOR") or "sqlite"

# Before the sample project's settings are read, which start a server of their own without it.
os.environ["DATABASE_URL"] = _url(VENDOR)

from sample_project.settings import *  # noqa: E402, F403
from sample_project.settings import INSTALLED_APPS, QUERYSCOPE  # noqa: E402

DATABASES = {
    alias: database_url.parse(os.environ["DATABASE_URL"])
    | ({"TEST": {"NAME": f"test_queryscope_{alias}"}} if VENDOR == "postgresql" else {})
    for alias in ("default", "other")
}

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django.contrib.sitemaps",
    "django.contrib.sites",
    "debug_toolbar",
    "taggit",
    "tests.testapp",
]
SITE_ID = 1
# The toolbar does nothing but in tests/panels; it would not be in a project's tests at all.
DEBUG_TOOLBAR_PANELS: list[str] = []
SILENCED_SYSTEM_CHECKS = ["debug_toolbar.W001", "debug_toolbar.W005"]
DEBUG_TOOLBAR_CONFIG = {
    "IS_RUNNING_TESTS": False,
    # With another it changes MIGRATION_MODULES, which are no dict where tests make the tables.
    "TOOLBAR_STORE_CLASS": "debug_toolbar.store.DatabaseStore",
}

# No test depends on how fast a machine is, unless it says so.
QUERYSCOPE = {**QUERYSCOPE, "SLOW_QUERY_MS": 3_600_000}

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
