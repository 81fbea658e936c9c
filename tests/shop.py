"""A project made for one test: an app with migrations, in a folder and a database of its own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sample_project import database_url

ROOT = Path(__file__).parents[1]
_numbers = itertools.count()


@contextmanager
def new_database(url: str) -> Iterator[dict[str, Any]]:
    """Django's settings of a new and empty database on a PostgreSQL server."""
    import psycopg

    given = database_url.parse(url)
    name = f"queryscope_shop_{os.getpid()}_{next(_numbers)}"
    server = {key: given[key.upper()] for key in ("host", "port", "user", "password")}
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield given | {"NAME": name}
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_SETTINGS = """\
import json
import os

SECRET_KEY = "test"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": json.loads(os.environ["SHOP_DATABASE"])}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.postgres",
    "queryscope",
    "shop",
]
ROOT_URLCONF = "settings"
urlpatterns = []
"""
_MODELS = """\
from django.db import models


class Named(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        abstract = True
        ordering = ["name"]


class Customer(Named):
    email = models.CharField(max_length=254)
    bio = models.TextField(default="")
    data = models.JSONField(default=dict)

    def __str__(self):
        return self.name


class Product(models.Model):
    code = models.IntegerField()
    tags = models.ManyToManyField("Tag")

    class Meta:
        indexes = [
            models.Index(fields=["code"], name="product_code_idx"),
        ]


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE)
    status = models.CharField(max_length=20)
    total = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    placed = models.DateTimeField()
    deleted = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-placed"]


class Tag(models.Model):
    name = models.CharField(max_length=50)


class Legacy(models.Model):
    code = models.IntegerField()

    class Meta:
        managed = False
        db_table = "legacy"
"""
#: Run before the code of a test, in a process of its own.
_PREAMBLE = """\
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from queryscope.core.advice import *
from queryscope.core.indexes import *
from queryscope.index_code import *
from queryscope.migration_writing import *
from queryscope.model_edits import *
if connection.vendor == "postgresql":
    from queryscope.databases.catalogue_postgresql import read_schema
else:
    from queryscope.databases.catalogue_sqlite import read_schema

def call(*args):
    import contextlib, io
    with contextlib.redirect_stdout(io.StringIO()):
        return call_command(*args, verbosity=0)

def names(table):
    table = read_schema(connection, [table]).tables[table]
    return {index.name: index.definition for index in table.indexes if not index.constraint}

def sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall() if cursor.description else []
"""


class Shop:
    """``run`` executes code there and returns what it gave to ``answer()``."""

    def __init__(self, folder: Path, database: dict[str, Any]) -> None:
        self.folder = folder
        self._database = database
        (folder / "shop").mkdir()
        (folder / "shop" / "__init__.py").touch()
        self.models = folder / "shop" / "models.py"
        self.models.write_text(_MODELS)
        (folder / "settings.py").write_text(_SETTINGS)
        self.run("call('makemigrations', 'shop'); call('migrate')")

    def run(self, code: str) -> Any:
        """Raises AssertionError with what was printed when the code fails."""
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        script = (
            f"{_PREAMBLE}\ndef answer(value):\n"
            f"    open({str(answer)!r}, 'w').write(json.dumps(value, default=str))\n\n{code}"
        )
        done = subprocess.run(
            [sys.executable, "-W", "error::DeprecationWarning:shop", "-c", script],
            cwd=self.folder,
            env=os.environ
            | {
                "SHOP_DATABASE": json.dumps(self._database),
                "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT)]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return json.loads(answer.read_text()) if answer.exists() else None
