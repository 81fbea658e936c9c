"""A small project with one page that asks too much, which ``fix`` is run on as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

FILES = {
    "manage.py": """
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project_settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
""",
    "project_settings.py": """
SECRET_KEY = "tests"
INSTALLED_APPS = ["queryscope", "shop"]
ROOT_URLCONF = "shop.urls"
ALLOWED_HOSTS = ["*"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
USE_TZ = True
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
    "shop/urls.py": """
from django.urls import path

from . import views

urlpatterns = [path("books/", views.books), path("authors/", views.authors)]
""",
    "shop/seed.py": """
from shop.models import Author, Book

for n in range(12):
    author = Author.objects.create(name=f"Author {n}")
    Book.objects.create(title=f"Book {n}", author=author)
""",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """The project in a folder."""

    folder: Path

    @property
    def views(self) -> str:
        return (self.folder / "shop" / "views.py").read_text()

    def add(self, code: str, name: str = "shop/views.py") -> None:
        path = self.folder / name
        path.write_text(path.read_text() + code)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``manage.py`` as from a shell."""
        inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        path = os.pathsep.join([str(self.folder), str(REPOSITORY)])
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env={**inherited, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def fix(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("queryscope", "fix", "--anonymous", *arguments, **environment)


def built(folder: Path) -> Shop:
    """The project with its rows."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.removeprefix("\n"))
    shop = Shop(folder)
    for arguments in (["migrate", "--run-syncdb"], ["shell", "-c", "import shop.seed"]):
        done = shop.run(*arguments)
        assert done.returncode == 0, done.stderr
    return shop
