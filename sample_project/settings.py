"""Settings of the sample project: a demonstration, not a deployment."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from sample_project import database_url

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ.get("SECRET_KEY", "insecure-key-of-the-sample-project")
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "queryscope",
    "sample_project.accounts",
    "sample_project.projects",
    "sample_project.webhooks",
    "sample_project.scans",
    "sample_project.examples",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "queryscope.middleware.QueryScopeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "sample_project.urls"
WSGI_APPLICATION = "sample_project.wsgi.application"
ASGI_APPLICATION = "sample_project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "sample_project" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sample_project.projects.context_processors.sidebar",
            ],
        },
    },
]

if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": database_url.parse(os.environ["DATABASE_URL"])}
else:
    from sample_project import postgres

    # Started when it is not running, which takes a second the first time; else found at once.
    DATABASES = {"default": postgres.for_checkout().start().database()}

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "projects:list"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
}

QUERYSCOPE = {
    # What takes 50 ms in a tracker of 10,000 tasks is slow in a larger one.
    "SLOW_QUERY_MS": 50,
    # No endpoint has a budget by default; these are the two pages that show the detector.
    "QUERY_BUDGETS": {"/query-budget/": 10, "/query-budget/fixed/": 10},
}

# For whoever looks at a page of the development server, where the debug toolbar is installed. An
# audit measures pages without it, and so do tests.
if DEBUG and "runserver" in sys.argv and find_spec("debug_toolbar"):
    from debug_toolbar.settings import PANELS_DEFAULTS

    INSTALLED_APPS.append("debug_toolbar")
    MIDDLEWARE.insert(1, "debug_toolbar.middleware.DebugToolbarMiddleware")
    ROOT_URLCONF = "sample_project.toolbar_urls"
    INTERNAL_IPS = ["127.0.0.1", "::1"]
    _BESIDE = PANELS_DEFAULTS.index("debug_toolbar.panels.sql.SQLPanel") + 1
    DEBUG_TOOLBAR_PANELS = list(PANELS_DEFAULTS)
    DEBUG_TOOLBAR_PANELS.insert(_BESIDE, "queryscope.panels.QueryScopePanel")
