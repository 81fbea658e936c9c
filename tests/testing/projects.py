"""A small project with tests of its own, which are run as its developers run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings as ours

from sample_project import database_url

REPOSITORY = Path(__file__).parents[2]

FILES = {
    "manage.py": """
import multiprocessing
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project_settings")
    if "START_METHOD" in os.environ:
        multiprocessing.set_start_method(os.environ["START_METHOD"])
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
""",
    "project_settings.py": """
import json
import os

SECRET_KEY = "tests"
INSTALLED_APPS = ["queryscope", "shop"]
ROOT_URLCONF = "shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": json.loads(os.environ["DATABASE"])}
STATIC_URL = "/static/"
USE_TZ = True
TEST_RUNNER = os.environ.get("RUNNER", "queryscope.testing.QueryScopeRunner")
""",
    "shop/__init__.py": "",
    "shop/models.py": """
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE)
""",
    "shop/views.py": """
from django.http import JsonResponse

from .models import Author, Book


def books(request):
    return JsonResponse({"books": [[book.title, book.author.name] for book in Book.objects.all()]})


def authors(request):
    return JsonResponse({"authors": [author.name for author in Author.objects.all()]})
""",
    "shop/reports.py": """
from .models import Book


def writers():
    return [book.author.name for book in Book.objects.order_by("title")]


async def writers_async():
    return [book.author.name async for book in Book.objects.select_related("author")]


def prepare():
    return [book.author.name for book in Book.objects.order_by("-title")]
""",
    "shop/urls.py": """
from django.urls import path

from . import views

urlpatterns = [path("books/", views.books), path("authors/", views.authors)]
""",
    "shop/tests/__init__.py": "",
    "shop/tests/rows.py": """
from shop.models import Author, Book


def make(number):
    for n in range(number):
        author = Author.objects.create(name=f"Author {n}")
        Book.objects.create(title=f"Book {n}", author=author)
""",
    "shop/tests/test_views.py": """
from django.test import TestCase

from .rows import make


class ListTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        make(1)

    def test_books(self):
        self.assertEqual(self.client.get("/books/").json(), {"books": [["Book 0", "Author 0"]]})

    def test_authors(self):
        self.assertEqual(self.client.get("/authors/").json(), {"authors": ["Author 0"]})


class AsyncTests(TestCase):
    async def test_authors(self):
        self.assertEqual((await self.async_client.get("/authors/")).json(), {"authors": []})
""",
    "shop/tests/test_reports.py": """
from django.test import TestCase, TransactionTestCase

from shop import reports

from .rows import make


class ReportTests(TestCase):
    def setUp(self):
        make(3)
        reports.prepare()

    def tearDown(self):
        reports.prepare()

    def test_writers(self):
        self.assertEqual(reports.writers(), ["Author 0", "Author 1", "Author 2"])


class TransactionReportTests(TransactionTestCase):
    async def test_writers(self):
        self.assertEqual(await reports.writers_async(), [])
""",
}
#: The two N+1s in it, one of a request and one of a function.
WRITERS = "n-plus-one::shop/reports.py::writers::shop.Book.author"
BOOKS = "n-plus-one::shop/views.py::books::shop.Book.author"


@dataclass(frozen=True, slots=True)
class Done:
    """A run of the project's tests: its exit status, and what it wrote."""

    status: int
    out: str


class Project:
    """A project in a folder of its own."""

    def __init__(self, folder: Path, database: dict[str, Any]) -> None:
        self.folder = folder
        self.database = database
        self.baseline = folder / "queryscope-baseline.json"
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def test(self, *options: str, **environ: str) -> Done:
        inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        own = {
            "PYTHONPATH": str(REPOSITORY),
            "DATABASE": json.dumps(self.database),
            # A file may be changed within a second, to the same size.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", "manage.py", "test", *options],
            cwd=self.folder,
            env={**inherited, **own, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return Done(done.returncode, done.stdout)

    def report(self, *options: str, **environ: str) -> tuple[Done, dict[str, Any]]:
        """A run that records, and its report."""
        file = self.folder / "report.json"
        file.unlink(missing_ok=True)
        done = self.test("--queryscope", "--queryscope-output", file.name, *options, **environ)
        return done, json.loads(file.read_text())


def in_memory() -> dict[str, Any]:
    if ours.VENDOR == "postgresql":
        name = f"test_queryscope_runner_{os.getpid()}"
        return {**database_url.parse(os.environ["DATABASE_URL"]), "TEST": {"NAME": name}}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
